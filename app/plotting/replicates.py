"""One quantity by level and replicate: a control's draws are averaged within their replicate first."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.contract.events import WINNING_TICKET
from app.plotting.style import CONTROLS, DENSE
from app.records import Series

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Curve(NamedTuple):
    """A control's values by level and replicate.

    `levels`, `density` (mean over trainings, in [0, 1]) and `diverged` (trainings left out) have one entry per level.
    `values` is (n_levels, n_replicates), NaN where a replicate has no finite training yet.
    """

    control: str
    levels: Ints
    density: Floats
    replicates: Ints
    values: Floats
    diverged: Ints

    @property
    def n(self) -> Ints:
        """Return replicates behind each level's mean."""
        n: Ints = np.isfinite(self.values).sum(axis=1)
        return n

    @property
    def mean(self) -> Floats:
        """Return mean over replicates; NaN at a level that has none."""
        return mean(self.values)

    @property
    def low(self) -> Floats:
        """Return smallest replicate; NaN at a level that has none."""
        return _reduced(np.fmin, self.values)

    @property
    def high(self) -> Floats:
        """Return largest replicate; NaN at a level that has none."""
        return _reduced(np.fmax, self.values)

    def at(self, level: int) -> dict[int, float]:
        """Return finite values of a level by replicate."""
        row = np.flatnonzero(self.levels == level)
        if not len(row):
            return {}
        pairs = zip(self.replicates.tolist(), self.values[row[0]].tolist(), strict=True)
        return {replicate: value for replicate, value in pairs if np.isfinite(value)}


def mean(values: Floats) -> Floats:
    """Return the mean over the last axis of what is finite; NaN where nothing is.

    Unlike `np.nanmean`, it warns of no empty row, and warnings cannot be silenced in one thread alone.
    """
    finite = np.isfinite(values)
    with np.errstate(invalid="ignore"):
        means: Floats = np.where(finite, values, 0.0).sum(axis=-1) / finite.sum(axis=-1)
    return means


def _reduced(extreme: np.ufunc, values: Floats) -> Floats:
    reduced: Floats = extreme.reduce(values, axis=1, initial=np.nan)
    return reduced


def curve(rows: Series, column: str, control: str) -> Curve:
    """Return `column` of the series `outcome` for one control.

    A diverged training counts in `diverged`, never in a value.
    """
    mine = rows.where(rows.controls == control)
    levels, i = np.unique(mine["level"], return_inverse=True)
    replicates, j = np.unique(mine["replicate"], return_inverse=True)
    finite = np.isfinite(mine[column]) & ~np.isfinite(mine["diverged_step"])
    sums, counts = np.zeros((2, len(levels), len(replicates)))
    np.add.at(sums, (i[finite], j[finite]), mine[column][finite])
    np.add.at(counts, (i[finite], j[finite]), 1.0)
    values = np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)
    trainings = np.bincount(i, minlength=len(levels))
    density = np.bincount(i, weights=mine["density"], minlength=len(levels)) / np.maximum(trainings, 1)
    return Curve(control, levels, density, replicates, values, np.bincount(i[~finite], minlength=len(levels)))


def mean_at(drawn: Curve, level: int) -> float:
    """Return the mean that the curve shows at a level; NaN where it has none."""
    means = drawn.mean[drawn.levels == level]
    return float(means[0]) if len(means) else float("nan")


def unequal(curves: Sequence[Curve], level: int) -> dict[str, int]:
    """Return replicates behind each curve's mean at `level`, and under "dense" behind the ticket's at level 0.

    Empty where all are equal.
    """
    counts = {drawn.control: len(drawn.at(level)) for drawn in curves}
    for drawn in curves:
        if drawn.control == WINNING_TICKET:
            counts[DENSE] = len(drawn.at(0))
    return counts if len(set(counts.values()) - {0}) > 1 else {}


def present(rows: Series) -> tuple[str, ...]:
    """Return branches that have a row, in the order that all figures and sentences use."""
    names = {str(name) for name in np.unique(rows.controls)}
    return tuple(name for name in CONTROLS if name in names)


def draws(rows: Series) -> int:
    """Return the most draws that any training of the series belongs to."""
    return int(rows.draws.max()) + 1
