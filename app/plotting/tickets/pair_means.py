"""Means over pairs of tickets, with intervals that allow for a ticket being in several pairs."""

import math
from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.masks.overlap import Floats
from app.plotting.intervals import quantile

INTERVAL = "95 % jackknife over replicates"


class PairMean(NamedTuple):
    """Mean over `pairs` pairs of tickets of `n` replicates, with its 95 % interval; NaN where there is none."""

    mean: float
    low: float
    high: float
    n: int
    pairs: int


def pair_mean(values: Floats, chosen: NDArray[np.bool_], units: Sequence[Hashable]) -> PairMean:
    """Return the mean of the finite `values` (k, k) above the diagonal that are `chosen` (k, k).

    `units` (k,) are the replicates that the tickets come from: tickets of one unit may share weights and data.
    Where each pair lies within a unit, this is Student's t-interval over the units.
    Source: delete-one jackknife of a U-statistic, with Student's t of n − 1 degrees of freedom.
    """
    a, b = np.nonzero(np.triu(chosen, 1) & np.isfinite(values))
    if not len(a):
        return PairMean(math.nan, math.nan, math.nan, 0, 0)
    there = values[a, b]
    number = {unit: place for place, unit in enumerate(dict.fromkeys(units))}
    of = np.array([number[unit] for unit in units])
    deleted = [(of[a] == unit) | (of[b] == unit) for unit in np.unique(np.concatenate([of[a], of[b]])).tolist()]
    n, mean = len(deleted), float(there.mean())
    if n < 2 or any(gone.all() for gone in deleted):
        return PairMean(mean, math.nan, math.nan, n, len(a))
    without = np.array([there[~gone].mean() for gone in deleted])
    error = math.sqrt((n - 1) / n * float(((without - without.mean()) ** 2).sum()))
    half = quantile(n, 1) * error
    return PairMean(mean, mean - half, mean + half, n, len(a))
