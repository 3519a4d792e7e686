"""Pruning during a training as a hook."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from workers.science.train.hooks import Hook
from workers.science.train.layout import Layout
from workers.science.train.masks import Masks


@dataclass(frozen=True)
class Pruner:
    """When a network is pruned, as numbers of updates, and `prune(weights, masks, step)`, which gives its new masks.

    All are on the CPU.
    """

    steps: Sequence[int]
    prune: Callable[[Mapping[str, Tensor], Mapping[str, Tensor], int], Mapping[str, Tensor]]


class Prune(Hook):
    """Changes the masks of the slots of `pruners` between two steps, when it is time.

    It remembers nothing: a checkpoint has the masks as they are, and what is pruned next follows from these.
    """

    def __init__(self, layout: Layout, masks: Masks, pruners: Mapping[int, Pruner]) -> None:
        self._layout, self._masks, self._pruners = layout, masks, pruners

    def after_step(self, step: int, live: Collection[int]) -> None:
        for slot, pruner in self._pruners.items():
            if slot in live and step + 1 in pruner.steps:
                masks = pruner.prune(self._layout.state(slot), self._masks.masks(slot), step + 1)
                self._masks.change(slot, masks)
