"""Which examples each step sees."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import torch
from torch import Tensor

from workers.science.data.augmentation import cut
from workers.science.data.dataset import Dataset

Feed: TypeAlias = Callable[[int], tuple[Tensor, Tensor]]
"""Inputs and targets of the batch of a step."""


class Batches:
    """Which examples each step sees: `order(epoch)`, a permutation of n, cut into whole batches.

    Examples left over at the end of an epoch are not used in it, so that every step averages over as many. A batch
    larger than the data set is the data set. Steps may be requested in any order: batch k is the same whatever came
    before. `draw(epoch)` gives how the n pictures are cut in that order, if they are (`data.augmentation`).
    """

    def __init__(
        self,
        n: int,
        batch_size: int,
        order: Callable[[int], Tensor],
        draw: Callable[[int], Tensor] | None = None,
    ) -> None:
        self._size = min(batch_size, n)
        self._per_epoch = n // self._size
        self._order = order
        self._draw = draw
        self._epoch = -1
        self._rows: Sequence[Tensor] = ()
        self._cuts: Sequence[Tensor] = ()

    def __getitem__(self, step: int) -> Tensor:
        """Return row indices `(batch_size,)` of the batch of update `step`, counted from 0."""
        batch = self._turn_to(step)
        return self._rows[batch]

    @property
    def cut(self) -> bool:
        """Return whether pictures are cut."""
        return self._draw is not None

    def cuts(self, step: int) -> Tensor:
        """Return how each picture of the batch of update `step` is cut, `(batch_size, 3)`."""
        batch = self._turn_to(step)
        return self._cuts[batch]

    def _turn_to(self, step: int) -> int:
        """Have the epoch of a step ready; returns which of its batches it is."""
        epoch, batch = divmod(step, self._per_epoch)
        if epoch != self._epoch:
            self._epoch, self._rows = epoch, torch.split(self._order(epoch), self._size)
            self._cuts = torch.split(self._draw(epoch), self._size) if self._draw is not None else ()
        return batch


def feed(data: Dataset, batches: Batches) -> Feed:
    """Return what gives the training examples of a step to one network."""
    x, y, black = data.train.x, data.train.y, data.black if batches.cut else None

    def examples(step: int) -> tuple[Tensor, Tensor]:
        rows = batches[step]
        seen = x.index_select(0, rows)
        return seen if black is None else cut(seen, batches.cuts(step), black), y.index_select(0, rows)

    return examples


def feed_stack(data: Dataset, batches: Sequence[Batches]) -> Feed:
    """Return what gives the training examples of a step to a stack, those of each slot: inputs `(slots, n, ...)`.

    Slots that all have the same `Batches` see one tensor, which is not copied.
    """
    x, y, slots = data.train.x, data.train.y, len(batches)
    black = data.black if batches[0].cut else None
    shared = feed(data, batches[0])

    def same(step: int) -> tuple[Tensor, Tensor]:
        seen, wanted = shared(step)
        return seen.expand(slots, *seen.shape), wanted.expand(slots, *wanted.shape)

    def apart(step: int) -> tuple[Tensor, Tensor]:
        rows = torch.stack([own[step] for own in batches])
        seen = x.index_select(0, rows.flatten())
        if black is not None:
            seen = cut(seen, torch.cat([own.cuts(step) for own in batches]), black)
        wanted = y.index_select(0, rows.flatten())
        return seen.view(*rows.shape, *seen.shape[1:]), wanted.view(*rows.shape, *wanted.shape[1:])

    return same if all(own is batches[0] for own in batches) else apart
