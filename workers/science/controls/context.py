"""What a control is derived from and what it hands on, plus the permutation that two of them share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor


@dataclass(frozen=True)
class ControlContext:
    """A ticket and the means to derive controls from it.

    `masks`: parameter name -> bool tensor, True = kept. `theta0`: all initial parameters of the replicate.
    `fresh(draw)` draws new initial parameters; `generator(draw)` is the keyed generator of one draw, so that any draw
    can be repeated alone. `prune_at_init()` spends the ticket's budget by the magnitude of `theta0`. `first` are the
    masks with which a ticket began that was pruned during its training.
    """

    masks: Mapping[str, Tensor]
    theta0: Mapping[str, Tensor]
    fresh: Callable[[int], Mapping[str, Tensor]]
    generator: Callable[[int], torch.Generator]
    prune_at_init: Callable[[], Mapping[str, Tensor]]
    first: Mapping[str, Tensor] = field(default_factory=dict)


class InitialState(NamedTuple):
    """Where a control starts training: its masks and its (unmasked) parameters.

    With `scores` it is pruned during its training, by the magnitude of these instead of that of its weights.
    """

    masks: Mapping[str, Tensor]
    weights: Mapping[str, Tensor]
    scores: Mapping[str, Tensor] | None = None


def permuted(masks: Mapping[str, Tensor], generator: torch.Generator) -> dict[str, Tensor]:
    """Return each mask with its entries in random order, so that every layer keeps as many weights as before.

    Layers are drawn in the mapping's order from one CPU generator; a full or an empty layer cannot change.
    """
    shuffled = {}
    for name, mask in masks.items():
        order = torch.randperm(mask.numel(), generator=generator)
        shuffled[name] = mask.reshape(-1)[order.to(mask.device)].reshape(mask.shape)
    return shuffled
