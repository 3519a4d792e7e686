"""Masks of whole units for any network that can be traced."""

from collections.abc import Mapping

import torch
from torch import Tensor

from app.contract.architecture import Architecture, Group
from workers.science.architecture.errors import NotDefined
from workers.science.sparse.unread import separate

FAR = 1.5
"""How many times as many weights as requested may be left at least, where some units cannot go."""


def whole_units_of(architecture: Architecture, masks: Mapping[str, Tensor], density: float) -> dict[str, Tensor]:
    """Return masks of the same kernels that keep the first units of each group, so that about `density` of all is left.

    Every group whose units can go one by one keeps the same share of them, and at least one. `density` is in (0, 1].

    Raises `NotDefined` where more than `FAR` times as many weights would be left, as where most units are before layer
    norms or within heads.
    """
    groups = [group for group in architecture.groups if separate(architecture, group)]
    total = sum(mask.numel() for mask in masks.values())
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if _kept(_masks(groups, masks, middle)) <= density * total else (low, middle)
    masks_of = _masks(groups, masks, low)
    if _kept(masks_of) > FAR * density * total:
        raise NotDefined("most of its units cannot be left out one by one")
    return masks_of


def _kept(masks: Mapping[str, Tensor]) -> int:
    return sum(int(mask.sum()) for mask in masks.values())


def _masks(groups: list[Group], masks: Mapping[str, Tensor], share: float) -> dict[str, Tensor]:
    masks_of = {name: torch.ones_like(mask) for name, mask in masks.items()}
    for group in groups:
        left = torch.arange(group.size) < max(1, round(share * group.size))
        for axis in group.axes:
            if axis.tensor in masks_of:
                run = left.repeat_interleave(axis.inner).to(masks_of[axis.tensor].device)
                part = masks_of[axis.tensor].narrow(axis.axis, axis.start, len(run)).transpose(0, axis.axis)
                part[~run] = False
    return masks_of
