"""How one measure of an erasure run goes over steps, training by training; mean over those that did not diverge."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.kinds.erasure.figures import trainings
from app.kinds.erasure.figures.trainings import Ends
from app.plotting.replicates import mean
from app.plotting.source import Source
from app.records import Series

Floats = NDArray[np.float64]


class Lost(NamedTuple):
    """A diverged training: what was measured before, and the step at which it diverged."""

    replicate: int
    steps: NDArray[np.int64]
    values: Floats
    diverged_step: int


class Trajectory(NamedTuple):
    """One optimizer at one learning rate: `values` is (n_steps, n_replicates), NaN for a replicate that is not in it.

    In it are trainings that have ended without diverging; before any has, those that have begun, up to the last step
    that all have reached. `low` and `high` are their mean null interval at each step.
    """

    optimizer: str
    lr: float
    marked: bool
    best: bool
    steps: NDArray[np.int64]
    values: Floats
    low: Floats
    high: Floats
    lost: tuple[Lost, ...]

    @property
    def n(self) -> int:
        """Return how many replicates the mean has."""
        return int(np.isfinite(self.values).any(axis=0).sum())


def trajectory(source: Source[Any], end: Ends, rate: int, column: str, *, best: bool) -> Trajectory:
    """Return one measure of one training in every replicate, from the series `erasure`; empty before its first row."""
    rows = source.rows("erasure")
    n = end.ended.shape[1]
    cell = end.cell(rate)
    mine = None if rows is None else trainings.at(rows, cell)
    if mine is None or not len(mine):
        nothing = np.zeros(0)
        return Trajectory(
            cell.optimizer, cell.lr, cell.marked, best, np.zeros(0, np.int64), np.zeros((0, n)), nothing, nothing, ()
        )  # fmt: skip
    diverged = end.diverged[rate]
    lost = tuple(_lost(mine, column, int(r), diverged) for r in np.flatnonzero(np.isfinite(diverged)))
    whole = end.ended[rate] & ~np.isfinite(diverged)
    begun = np.isin(np.arange(n), mine["replicate"]) & ~np.isfinite(diverged)
    chosen = whole if whole.any() else begun
    steps, i = np.unique(mine["step"].astype(np.int64), return_inverse=True)
    values, low, high = (_grid(mine, name, i, len(steps), n) for name in (column, "null_low", "null_high"))
    measured = np.zeros((len(steps), n), bool)
    measured[i, mine["replicate"]] = True
    for array in (values, low, high):
        array[:, ~chosen] = np.nan
    reached = measured[:, chosen].all(axis=1) & chosen.any()
    return Trajectory(
        cell.optimizer, cell.lr, cell.marked, best, steps[reached], values[reached], _mean(low[reached]),
        _mean(high[reached]), lost,
    )  # fmt: skip


def _grid(rows: Series, column: str, i: NDArray[np.int64], n_steps: int, n: int) -> Floats:
    array = np.full((n_steps, n), np.nan)
    array[i, rows["replicate"]] = rows[column]
    return array


def _mean(values: Floats) -> Floats:
    return mean(values) if len(values) else np.zeros(0)


def _lost(rows: Series, column: str, replicate: int, diverged: Floats) -> Lost:
    mine = rows.where(rows["replicate"] == replicate)
    order = np.argsort(mine["step"])
    return Lost(replicate, mine["step"][order].astype(np.int64), mine[column][order], int(diverged[replicate]))
