"""Does the ticket match the dense network? Paired differences by replicate, and the verdict made from them."""

import math
from typing import NamedTuple

import numpy as np

from app.contract.events import WINNING_TICKET
from app.contract.records import Series
from app.figures import words
from app.figures.replicates import Curve, curve, present
from app.figures.style import DENSE

BOUND = 0.002
"""Largest loss of accuracy that still counts as matching: 0.2 points (Frankle et al. 2020, arXiv 1903.01611)."""


# Differences of accuracies that are equal in examples differ by less than this.
_ROUNDING = 1e-12


class Paired(NamedTuple):
    """Mean of (ticket − `branch`) over the `n` replicates that have both, with its 95 % t-interval.

    Accuracies in [0, 1]. `mean` is NaN for n = 0; `low` and `high` are NaN for n < 2 and where all differences are
    equal.
    """

    level: int
    branch: str
    n: int
    mean: float
    low: float
    high: float


class Verdict(NamedTuple):
    """The lowest density at which the ticket matches dense: the interval of the difference lies above −`bound`.

    `level` and `density` are None when it matches nowhere or nothing can be said; `difference` is at that level.
    `n` counts replicates at that level, or the most at any pruned level; `gaps` counts denser levels that do not
    match; `tested` counts levels with an interval, `unsure` those whose interval holds −`bound`, where more replicates
    could decide. A level matches nowhere where a replicate is missing because it diverged there or before.
    """

    level: int | None
    density: float | None
    difference: Paired | None
    n: int
    tested: int
    gaps: int
    unsure: int
    bound: float

    def sentence(self) -> str:
        """The verdict in words, with difference, interval, n and bound."""
        bound = f"bound {words.points(-self.bound).rstrip('0').rstrip('.')}"
        if self.difference is not None and self.density is not None:
            gaps = f", though not at {words.plural(self.gaps, 'denser level')}" if self.gaps else ""
            return (
                f"Matches dense down to {words.density(self.density)} of the weights: "
                f"{interval(self.difference)}, n = {self.n} ({bound}){gaps}"
            )
        if self.tested:
            unsure = f"; at {self.unsure} of {words.plural(self.tested, 'level')} the interval is too wide to tell"
            return (
                f"Not shown to match dense at any density tested (n = {self.n}, {bound}){unsure if self.unsure else ''}"
            )
        if self.n > 1:
            return f"All {self.n} differences to dense are equal: no interval"
        return "n = 1: no interval" if self.n == 1 else "No verdict yet: no pruned network is trained to its end"


def interval(difference: Paired) -> str:
    """ "−0.05 points, 95 % interval −0.15 to +0.05"; without the interval for n < 2."""
    mean = f"{words.points(difference.mean)} points"
    if math.isnan(difference.low):
        return mean
    return f"{mean}, 95 % interval {words.points(difference.low)} to {words.points(difference.high)}"


def t_interval(differences: list[float]) -> tuple[float, float, float]:
    """Mean and two-sided 95 % t-interval; NaN where there are too few values, or none that differ.

    Accuracies come in steps of one test example, so that a few replicates may differ by exactly as much: their spread
    is not known to be 0.
    Source: Student's t with n − 1 degrees of freedom.
    """
    n = len(differences)
    mean = math.fsum(differences) / n if n else math.nan
    if n < 2:
        return mean, math.nan, math.nan
    variance = math.fsum((difference - mean) ** 2 for difference in differences) / (n - 1)
    if math.sqrt(variance) < _ROUNDING:
        return mean, math.nan, math.nan
    from scipy.special import stdtrit  # 0.4 s to import: not before the first verdict

    half = float(stdtrit(n - 1, 0.975)) * math.sqrt(variance / n)
    return mean, mean - half, mean + half


def paired(outcome: Series, level: int, branch: str, *, column: str = "test_accuracy") -> Paired:
    """Ticket at `level` minus `branch` at that level, or minus the dense network for `branch` "dense"."""
    ticket = curve(outcome, column, WINNING_TICKET)
    other = ticket if branch == DENSE else curve(outcome, column, branch)
    return compare(ticket, other, level, branch)


def compare(ticket: Curve, other: Curve, level: int, branch: str) -> Paired:
    """As `paired`, on curves already made; `other` is the ticket's own curve for `branch` "dense"."""
    mine, theirs = ticket.at(level), other.at(0 if branch == DENSE else level)
    differences = [mine[replicate] - theirs[replicate] for replicate in sorted(mine.keys() & theirs.keys())]
    return Paired(level, branch, len(differences), *t_interval(differences))


def verdict(outcome: Series | None, bound: float = BOUND, *, column: str = "test_accuracy") -> Verdict:
    """The verdict on what is measured so far; `bound` ≥ 0 is a share (0.002 = 0.2 points)."""
    if outcome is None or WINNING_TICKET not in present(outcome):
        return Verdict(None, None, None, 0, 0, 0, 0, bound)
    ticket = curve(outcome, column, WINNING_TICKET)
    pruned = [row for row, level in enumerate(ticket.levels.tolist()) if level > 0]
    differences = [compare(ticket, ticket, int(ticket.levels[row]), DENSE) for row in pruned]
    tested = [not math.isnan(difference.low) for difference in differences]
    lost = [_lost(outcome, ticket, difference.level) for difference in differences]
    matches = [
        test and difference.low > -bound and not gone
        for gone, difference, test in zip(lost, differences, tested, strict=True)
    ]
    unsure = sum(
        test and difference.low <= -bound <= difference.high
        for test, difference in zip(tested, differences, strict=True)
    )
    most = max((difference.n for difference in differences), default=0)
    if not any(matches):
        return Verdict(None, None, None, most, sum(tested), 0, unsure, bound)
    best = max(index for index, match in enumerate(matches) if match)
    gaps = sum(test and not match for test, match in zip(tested[:best], matches[:best], strict=True))
    found = differences[best]
    return Verdict(found.level, float(ticket.density[pruned[best]]), found, found.n, sum(tested), gaps, unsure, bound)


def _lost(outcome: Series, ticket: Curve, level: int) -> set[int]:
    """Replicates that diverged at `level` or before and so cannot be compared there.

    Those that are left were selected by their outcome; they are no sample of what the procedure gives.
    """
    diverged = (
        (outcome["branch"] == WINNING_TICKET) & np.isfinite(outcome["diverged_step"]) & (outcome["level"] <= level)
    )
    compared = ticket.at(level).keys() & ticket.at(0).keys()
    return {int(replicate) for replicate in outcome["replicate"][diverged]} - compared
