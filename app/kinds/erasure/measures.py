"""What a run of weight erasure is judged by."""

from collections.abc import Iterator

import numpy as np

from app.atlas.reader import Reader
from app.records import Run, Series
from app.search.facts import Fact

_CELL = ("width", "image", "optimizer", "lr")


def measured(reader: Reader, run: Run) -> Iterator[Fact]:
    """Yield the best accuracy and the share of erased pictures among the trainings that have ended."""
    rows = reader.store.series(run.id, "ending")
    if len(rows):
        yield from best_accuracy(rows)
        marked = rows.where((rows["image"] == "picture") & np.isfinite(rows["visibility"]))
        if len(marked):
            share = float(np.mean(by_chance(marked)))
            yield Fact("result.erased", share, n=len(marked))


def by_chance(marked: Series) -> np.ndarray:
    """Return for each training with the picture whether it is no more visible than chance."""
    gone: np.ndarray = (marked["null_low"] <= marked["visibility"]) & (marked["visibility"] <= marked["null_high"])
    return gone


def best_accuracy(rows: Series) -> Iterator[Fact]:
    """Yield the highest mean over replicates of any cell; a cell without a finite training has none."""
    finite = rows.where(np.isfinite(rows["test_accuracy"]))
    cells: dict[tuple[object, ...], list[float]] = {}
    for *cell, value in zip(*(finite[name].tolist() for name in _CELL), finite["test_accuracy"].tolist(), strict=True):
        cells.setdefault(tuple(cell), []).append(value)
    if cells:
        best = max(cells.values(), key=lambda values: sum(values) / len(values))
        yield Fact("result.best_accuracy", sum(best) / len(best), n=len(best))
