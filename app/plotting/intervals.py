"""Paired differences by replicate and their intervals, one level at a time or simultaneous over the levels."""

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

from app.plotting import words
from app.plotting.replicates import Curve
from app.plotting.style import DENSE
from app.records import Run

BOUND = 0.002
"""Largest loss of accuracy that still counts as matching: 0.2 points (Frankle et al. 2020, arXiv 1903.01611)."""

Kind: TypeAlias = Literal["simultaneous", "pointwise"]


class Terms(NamedTuple):
    """How differences of accuracies are judged.

    `step` is the accuracy of one test example, the least standard deviation that differences are taken to have.
    `bound` ≥ 0 the largest loss that still matches (0.002 = 0.2 points). `kind` is whether the 95 % hold for all
    levels of a comparison together or for each by itself.
    """

    step: float
    bound: float = BOUND
    kind: Kind = "simultaneous"


class Paired(NamedTuple):
    """Mean of (ticket − `control`) over the `n` replicates that have both, with its 95 % t-interval.

    Accuracies in [0, 1]. `mean` is NaN for n = 0; `low` and `high` are NaN for n < 2.
    """

    level: int
    control: str
    n: int
    mean: float
    low: float
    high: float

    @property
    def tested(self) -> bool:
        """Return whether there is an interval."""
        return not math.isnan(self.low)


def terms_of(run: Run, bound: float = BOUND, kind: Kind = "simultaneous") -> Terms:
    """Return the terms for a run's test accuracies; a run without networks of its own compares nothing."""
    dataset = getattr(run.spec, "dataset", None)
    return Terms(1 / dataset.n_test if dataset is not None else 0.0, bound, kind)


def t_interval(differences: Sequence[float], *, levels: int = 1, least_sd: float = 0.0) -> tuple[float, float, float]:
    """Return mean and two-sided 95 % t-interval; NaN for fewer than two values.

    With `levels` > 1 the intervals of that many levels hold together: each has the error 5 % / `levels`. The standard
    deviation counts as at least `least_sd`.
    Source: Student's t with n − 1 degrees of freedom; Bonferroni's inequality, which assumes nothing of how levels
    depend.
    """
    n = len(differences)
    mean = math.fsum(differences) / n if n else math.nan
    if n < 2:
        return mean, math.nan, math.nan
    variance = math.fsum((difference - mean) ** 2 for difference in differences) / (n - 1)
    half = quantile(n, levels) * max(math.sqrt(variance), least_sd) / math.sqrt(n)
    return mean, mean - half, mean + half


def welch_interval(
    mine: Sequence[float], theirs: Sequence[float], *, levels: int = 1, least_sd: float = 0.0
) -> tuple[float, float, float]:
    """Return difference of the means of two independent samples with its 95 % interval.

    NaN where one has fewer than two.
    `levels` is as for `t_interval`. The standard deviation of each sample counts as at least `least_sd` / √2, so that
    a difference of two values has at least `least_sd`.
    Source: Welch (1947), with Satterthwaite's degrees of freedom; Bonferroni's inequality.
    """
    means = [math.fsum(sample) / len(sample) if sample else math.nan for sample in (mine, theirs)]
    difference = means[0] - means[1]
    if min(len(mine), len(theirs)) < 2:
        return difference, math.nan, math.nan
    squares = []
    for sample, mean in zip((mine, theirs), means, strict=True):
        variance = math.fsum((value - mean) ** 2 for value in sample) / (len(sample) - 1)
        squares.append(max(variance, least_sd**2 / 2) / len(sample))
    error = sum(squares)
    if not error:
        return difference, difference, difference
    sizes = (len(mine), len(theirs))
    freedom = error**2 / sum(square**2 / (n - 1) for square, n in zip(squares, sizes, strict=True))
    half = quantile(freedom + 1, levels) * math.sqrt(error)
    return difference, difference - half, difference + half


def quantile(n: float, levels: int) -> float:
    """Return standard errors on either side of the mean of `n` values that hold 1 − 5 % / `levels` of Student's t."""
    from scipy.special import stdtrit  # 0.4 s to import: not before the first verdict

    return float(stdtrit(n - 1, 1 - 0.025 / levels))


def by_level(ticket: Curve, other: Curve, control: str, terms: Terms) -> tuple[Paired, ...]:
    """Return ticket minus `control` at each pruned level of the ticket; `other` is the ticket's own curve for "dense".

    Simultaneous intervals hold over the levels that have two replicates or more.
    """
    levels = [level for level in ticket.levels.tolist() if level > 0]
    differences = [_differences(ticket, other, level, control) for level in levels]
    tested = sum(len(item) > 1 for item in differences) if terms.kind == "simultaneous" else 1
    return tuple(
        Paired(level, control, len(pairs), *t_interval(pairs, levels=max(tested, 1), least_sd=terms.step))
        for level, pairs in zip(levels, differences, strict=True)
    )


def _differences(ticket: Curve, other: Curve, level: int, control: str) -> list[float]:
    mine, theirs = ticket.at(level), other.at(0 if control == DENSE else level)
    return [mine[replicate] - theirs[replicate] for replicate in sorted(mine.keys() & theirs.keys())]


def written(difference: Paired, kind: Kind) -> str:
    """Return "−0.05 points, simultaneous 95 % interval −0.15 to +0.05"; without the interval for n < 2."""
    mean = f"{words.points(difference.mean)} points"
    if not difference.tested:
        return mean
    return f"{mean}, {kind} 95 % interval {words.points(difference.low)} to {words.points(difference.high)}"
