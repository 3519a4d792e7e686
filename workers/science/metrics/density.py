"""Density: the share of prunable weights that a mask keeps. It counts the mask, not which weights are 0."""

from collections.abc import Mapping
from typing import NamedTuple

from torch import Tensor


class Count(NamedTuple):
    """Weights of one layer: kept by the mask, and in all."""

    kept: int
    total: int


def counts(masks: Mapping[str, Tensor]) -> dict[str, Count]:
    """Return the kept and total weights of each layer, in the masks' order; masks are bool, True = kept."""
    return {name: Count(int(mask.sum()), mask.numel()) for name, mask in masks.items()}


def density(masks: Mapping[str, Tensor]) -> float:
    """Return the share in [0, 1] of all masked weights that are kept, layers pooled; 1 when there are none to prune."""
    layers = counts(masks).values()
    total = sum(layer.total for layer in layers)
    return sum(layer.kept for layer in layers) / total if total else 1.0
