"""Patterns of kept weights that suit hardware: whole units, and two of every four."""

from collections.abc import Mapping

import torch
from torch import Tensor


def whole_units(masks: Mapping[str, Tensor], density: float) -> dict[str, Tensor]:
    """Return masks of the same layers, in their order, that keep the first units of each hidden layer, each whole.

    Every hidden layer keeps the same share of its units, so that about `density` in (0, 1] of all weights are left.
    Inputs and outputs of the network stay. A single layer has no hidden units: it keeps the first of its inputs. At
    least one unit is kept. Kernels are `(n_out, n_in, *kernel)`; where pictures are flattened, a unit is a channel.
    """
    if len(masks) == 1:
        ((name, mask),) = masks.items()
        return {name: _block(mask, len(mask), _share(mask.shape[1], density))}
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        kept = sum(int(mask.sum()) for mask in _shared(masks, middle).values())
        low, high = (middle, high) if kept <= density * sum(mask.numel() for mask in masks.values()) else (low, middle)
    return _shared(masks, low)


def _shared(masks: Mapping[str, Tensor], share: float) -> dict[str, Tensor]:
    masks_of: dict[str, Tensor] = {}
    last = list(masks)[-1]
    before: tuple[int, int] | None = None
    for name, mask in masks.items():
        n_out, n_in = mask.shape[:2]
        rows = n_out if name == last else _share(n_out, share)
        columns = n_in if before is None else before[1] * (n_in // before[0])
        masks_of[name] = _block(mask, rows, columns)
        before = n_out, rows
    return masks_of


def _share(n: int, share: float) -> int:
    return max(1, round(share * n))


def _block(mask: Tensor, rows: int, columns: int) -> Tensor:
    block = torch.zeros_like(mask)
    block[:rows, :columns] = True
    return block


def two_of_four(weight: Tensor, mask: Tensor) -> Tensor:
    """Return the at most two largest weights of each four neighbours in a row of `mask`, `(n_out, n_in)`, as a mask.

    Among equal ones the first are kept. A row whose length is no multiple of four ends in a shorter group.
    """
    n_out, n_in = mask.shape
    size = torch.full((n_out, -(-n_in // 4) * 4), -1.0, device=mask.device)
    size[:, :n_in] = torch.where(mask, weight.detach().abs().float(), -1.0)
    groups = size.reshape(n_out, -1, 4)
    order = torch.sort(groups, dim=2, descending=True, stable=True).indices
    largest = torch.zeros_like(groups, dtype=torch.bool).scatter_(2, order[:, :, :2], True)
    return largest.reshape(n_out, -1)[:, :n_in] & mask
