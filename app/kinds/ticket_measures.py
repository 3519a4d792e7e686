"""What tickets are judged by: their test accuracies, at the sparsest level, at the best, and at any density."""

import math
from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from app.contract.events import WINNING_TICKET
from app.plotting.replicates import Curve, curve
from app.records import Series
from app.search.facts import Fact

NEAR = 1.5
"""A level represents densities up to this factor from its own."""


def measured(outcome: Series) -> Iterator[Fact]:
    """Yield the measures `app.kinds.measures.TICKETS` of a series `outcome`; none while no ticket is measured."""
    if not len(outcome.tickets):
        return
    drawn = curve(outcome, "test_accuracy", WINNING_TICKET)
    there = np.flatnonzero(drawn.n > 0)
    if not len(there):
        return
    last, best = sparsest(drawn), int(there[np.argmax(drawn.mean[there])])
    yield from (fact(name, drawn, place) for name, place in (("accuracy", last), ("best_accuracy", best)))
    yield Fact("result.sparsity", 1 - float(drawn.density[last]), n=int(drawn.n[last]))
    order = list({density: place for place, density in _descending(drawn)}.values())
    for place, (low, high) in zip(order, ranges([float(drawn.density[item]) for item in order]), strict=True):
        if drawn.n[place]:
            yield fact("accuracy@", drawn, place)._replace(low=low, high=high)


def _descending(drawn: Curve) -> Iterator[tuple[int, float]]:
    """Yield place and density of each level, the densest first."""
    for place in np.argsort(-drawn.density, kind="stable").tolist():
        yield place, float(drawn.density[place])


def sparsest(drawn: Curve) -> int:
    """Return the place of the least density that has a value; of levels of the same density the last one."""
    there = np.flatnonzero(drawn.n > 0)[::-1]
    return int(there[np.argmin(drawn.density[there])])


def fact(name: str, drawn: Curve, place: int) -> Fact:
    """Return the mean of a level, the one at `place` of a curve, with its n."""
    return Fact(f"result.{name}", float(drawn.mean[place]), n=int(drawn.n[place]))


def ranges(densities: list[float]) -> list[tuple[float, float]]:
    """Return from and up to which density each of some descending ones is the nearest, by ratio, within `NEAR`.

    Of two equally near ones the denser counts. A density of 0 is near to nothing.
    """
    middles = [math.sqrt(denser * sparser) for denser, sparser in pairwise(densities)]
    return [
        (max(density / NEAR, below), min(density * NEAR, above))
        for density, below, above in zip(densities, [*middles, 0.0], [math.inf, *middles], strict=True)
    ]
