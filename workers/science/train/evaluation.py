"""Evaluations of the splits of a data set as a hook."""

from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from math import isfinite

from workers.science.data.dataset import Dataset, Split
from workers.science.metrics.evaluate import Evaluation
from workers.science.train.events import Diverged, Evaluated, SlotEvent, Tick, Trained
from workers.science.train.hooks import Hook
from workers.science.train.layout import Layout

PIECE = 500
"""Examples evaluated between two ticks."""


class Evaluate(Hook):
    """A row of losses and accuracies of each live slot; one whose validation loss is not finite has diverged."""

    def __init__(self, layout: Layout, data: Dataset) -> None:
        self._layout, self._data = layout, data

    def measure(self, step: int, means: Mapping[int, float]) -> Iterator[SlotEvent]:
        live = list(means)
        validation = yield from evaluated(self._layout, self._data.validation, step, live)
        for slot in live:
            if not isfinite(validation[slot].loss):
                yield slot, Diverged(step)
        live = [slot for slot in live if isfinite(validation[slot].loss)]
        if live:
            test = yield from evaluated(self._layout, self._data.test, step, live)
            for slot in live:
                yield slot, Evaluated(step, means[slot], *validation[slot], *test[slot])


class TrainAccuracy(Hook):
    """The accuracy of a slot on the whole training split, after its last step."""

    def __init__(self, layout: Layout, data: Dataset, steps: int) -> None:
        self._layout, self._data, self._steps = layout, data, steps

    def at_end(self, live: Collection[int]) -> Iterator[SlotEvent]:
        for slot in tuple(live):
            ticks = evaluated(self._layout.alone(slot), self._data.train, self._steps, [0])
            while True:
                try:
                    _, tick = next(ticks)
                except StopIteration as end:
                    (evaluation,) = end.value
                    break
                yield slot, tick
            yield slot, Trained(self._steps, evaluation.accuracy)


def evaluated(
    layout: Layout, split: Split, step: int, live: Sequence[int]
) -> Generator[tuple[int, Tick], None, list[Evaluation]]:
    """Evaluate each slot on all of `split`, with Ticks of the live ones between its pieces."""
    loss, right = [0.0] * layout.slots, [0.0] * layout.slots
    for first in range(0, len(split), PIECE):
        piece = Split(split.x[first : first + PIECE], split.y[first : first + PIECE])
        for slot, result in enumerate(layout.evaluate(piece)):
            loss[slot] += result.loss * len(piece)
            right[slot] += result.accuracy * len(piece)
        for slot in live:
            yield slot, Tick(step)
    n, per_example = len(split), split.y[0].numel()
    return [Evaluation(a / n, _whole(b * per_example) / (n * per_example)) for a, b in zip(loss, right, strict=True)]


def _whole(count: float) -> float:
    """Return a count without the rounding of the shares that it was summed from; NaN where it is not defined."""
    return round(count) if isfinite(count) else count
