"""Describe a model: trace it on an example, and read off its kernels and its groups of tied units."""

from collections.abc import Mapping
from dataclasses import replace
from math import prod
from typing import Any

from torch import Tensor, nn

from app.contract.architecture import Architecture, Axis, Group
from workers.science.architecture.errors import NotDefined
from workers.science.architecture.factors import Factor, blocks
from workers.science.architecture.operations import Operand
from workers.science.architecture.roles import kernels_of
from workers.science.architecture.tracing import Trace


def architecture(model: nn.Module, example: Tensor) -> Architecture:
    """Return the kernels and groups of a model that is called with inputs like `example`, `(n, *shape)`, n above 1.

    The model runs once, in evaluation mode and without gradients; nothing of it changes.

    Raises `NotDefined` where torch.fx cannot trace the model, or where it calls an operation that no rule follows.
    Source: the groups are the permutation symmetries of Ainsworth et al. 2023, arXiv 2209.04836, section 3; deriving
    them from the traced operations is ours (docs/decisions/0015).
    """
    trace = Trace(model, example)
    return Architecture(kernels_of(trace), _groups(trace.tensors))


def described(model: nn.Module, example: Tensor) -> dict[str, Any]:
    """Return the architecture as JSON, or as "reason" why it is not defined."""
    try:
        document: dict[str, Any] = architecture(model, example).to_json()
    except NotDefined as error:
        return {"reason": str(error)}
    return document


def _groups(tensors: Mapping[str, Operand]) -> tuple[Group, ...]:
    for operand in tensors.values():  # fixes what cannot be written as blocks, before any block is read
        for dimension in operand.dimensions:
            blocks(dimension)
    groups: dict[Factor, Group] = {}
    for name, operand in tensors.items():
        for number, dimension in enumerate(operand.dimensions):
            for start, leaves in blocks(dimension):
                for place, leaf in enumerate(leaves):
                    if leaf.fixed or leaf.size == 1:
                        continue
                    outer, inner = (prod(leaf.size for leaf in part) for part in (leaves[:place], leaves[place + 1 :]))
                    axis = Axis(name, number, start, outer, inner)
                    group = groups.get(leaf) or Group(leaf.size, (), tuple(sorted(leaf.mixed_by)))
                    groups[leaf] = replace(group, axes=(*group.axes, axis))
    return tuple(groups.values())
