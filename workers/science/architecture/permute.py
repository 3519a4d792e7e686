"""Let the units of a group trade places."""

import torch
from torch import Tensor, nn

from app.contract.architecture import Axis, Group


@torch.no_grad()
def permute(model: nn.Module, group: Group, order: Tensor) -> None:
    """Permute a group in every parameter and buffer that has it, in place: unit i becomes what unit `order[i]` was.

    Raises `ValueError` when `order` `(size,)` is no permutation.
    """
    if not torch.equal(order.sort().values, torch.arange(group.size, device=order.device)):
        raise ValueError(f"the order of {group.size} units must name each of them once")
    tensors = dict(model.named_parameters()) | dict(model.named_buffers())
    for axis in group.axes:
        tensors[axis.tensor].copy_(permuted(tensors[axis.tensor], axis, order))


def permuted(tensor: Tensor, axis: Axis, order: Tensor) -> Tensor:
    """Return a tensor with the units on one of its axes in another order."""
    size, width = len(order), axis.outer * len(order) * axis.inner
    entries = torch.arange(tensor.shape[axis.axis], device=tensor.device)
    run = entries[axis.start : axis.start + width].view(axis.outer, size, axis.inner)
    entries = torch.cat([entries[: axis.start], run[:, order].flatten(), entries[axis.start + width :]])
    return tensor.index_select(axis.axis, entries)
