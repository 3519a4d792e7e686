"""A sample of runs against another: differences at the densities of both, paired by seed where both have it."""

import math
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

from app.contract.events import WINNING_TICKET
from app.plotting.compared import Group, key_of
from app.plotting.intervals import Terms, t_interval, terms_of, welch_interval
from app.plotting.replicates import curve
from app.records import Run

Seed: TypeAlias = tuple[str, int]
"""Seed of a run, or its id where it has none, and number of a replicate: the same seed gives the same data order."""
Word: TypeAlias = Literal["better", "worse", "matches", "too wide to decide", "replicates diverged", "no interval"]


class Sample(NamedTuple):
    """Accuracies in [0, 1] of the winning tickets of `runs` runs, by density of three digits and by seed.

    Runs of the same seed are averaged: they share their data order, so they are no two replicates. `broken` is the
    highest density at which a training diverged, 0 where none did; `data` names the data that they were tested on.
    """

    role: str
    name: str
    runs: int
    data: str
    terms: Terms
    values: Mapping[float, Mapping[Seed, float]]
    broken: float

    @property
    def seeds(self) -> set[Seed]:
        """Return all seeds, of any density."""
        return {seed for value in self.values.values() for seed in value}


class Difference(NamedTuple):
    """A line minus the baseline at a density, with its 95 % interval, NaN without; accuracies in [0, 1].

    `n` and `n_baseline` count seeds: of pairs both are the number of pairs.
    """

    density: float
    n: int
    n_baseline: int
    mean: float
    low: float
    high: float
    word: Word


class Against(NamedTuple):
    """A line against the baseline at each density that both have, densest first; `why` is why there is none."""

    role: str
    name: str
    runs: int
    paired: bool
    differences: tuple[Difference, ...]
    why: str = ""


def sample(group: Group, kind: Literal["simultaneous", "pointwise"], bound: float) -> Sample:
    """Return the accuracies of a group, from the series `outcome` of its runs; `bound` is in [0, 1]."""
    samples: dict[float, dict[Seed, list[float]]] = {}
    broken = 0.0
    for run, series in group.runs:
        outcome = series["outcome"]
        if not len(outcome) or WINNING_TICKET not in outcome.controls:
            continue
        tickets = curve(outcome, "test_accuracy", WINNING_TICKET)
        broken = max([broken, *map(key_of, tickets.density[tickets.diverged > 0].tolist())])
        for level, density in zip(tickets.levels.tolist(), tickets.density.tolist(), strict=True):
            at = samples.setdefault(key_of(density), {})
            for replicate, value in tickets.at(level).items():
                at.setdefault((seed_of(run), replicate), []).append(value)
    values = {
        density: {seed: math.fsum(numbers) / len(numbers) for seed, numbers in at.items()}
        for density, at in samples.items()
        if at
    }
    terms = [terms_of(run, bound, kind) for run, _ in group.runs]
    data = sorted({run.spec.dataset_name for run, _ in group.runs})
    step = max(term.step for term in terms)
    return Sample(group.role, group.name, len(group.runs), " and ".join(data), Terms(step, bound, kind), values, broken)


def seed_of(run: Run) -> str:
    """Return what replicates of two runs are paired by: the seed of the spec, the run itself where it has none."""
    seed = getattr(run.spec, "seed", None)
    return run.id if seed is None else str(seed)


def against(mine: Sample, baseline: Sample) -> Against:
    """Return one sample minus another, paired where they share seeds, else unpaired by Welch's interval.

    One shared seed pairs only where a sample has no other: of two samples with one seed in common, their means show
    more. Simultaneous intervals hold over the densities that have one.
    """
    against = Against(mine.role, mine.name, mine.runs, paired=True, differences=())
    if mine.data != baseline.data:
        return against._replace(why=f"was tested on other data ({mine.data})")
    shared = sorted(mine.values.keys() & baseline.values.keys(), reverse=True)
    if not shared:
        return against._replace(
            why="shares no density with it" if mine.values else "has no ticket with a test accuracy"
        )
    pairs = {
        seed for density in shared for seed in mine.values[density].keys() & baseline.values[density].keys()
    }  # fmt: skip
    paired = len(pairs) > 1 or (len(pairs) == 1 and 1 in (len(mine.seeds), len(baseline.seeds)))
    columns = [_columns(mine.values[density], baseline.values[density], paired=paired) for density in shared]
    there = [(density, *column) for density, column in zip(shared, columns, strict=True) if column[0] and column[1]]
    tested = sum(min(len(ours), len(theirs)) > 1 for _, ours, theirs in there)
    terms = mine.terms._replace(step=max(mine.terms.step, baseline.terms.step))
    levels = max(tested, 1) if terms.kind == "simultaneous" else 1
    broken = max(mine.broken, baseline.broken)
    differences = []
    for density, ours, theirs in there:
        if paired:
            differences_here = [one - other for one, other in zip(ours, theirs, strict=True)]
            interval = t_interval(differences_here, levels=levels, least_sd=terms.step)
        else:
            interval = welch_interval(ours, theirs, levels=levels, least_sd=terms.step)
        word = _word(*interval[1:], terms.bound, lost=density <= broken)
        differences.append(Difference(density, len(ours), len(theirs), *interval, word))
    return against._replace(paired=paired, differences=tuple(differences))


def _columns(
    mine: Mapping[Seed, float], theirs: Mapping[Seed, float], *, paired: bool
) -> tuple[Sequence[float], Sequence[float]]:
    if not paired:
        return list(mine.values()), list(theirs.values())
    both = sorted(mine.keys() & theirs.keys())
    return [mine[seed] for seed in both], [theirs[seed] for seed in both]


def _word(low: float, high: float, bound: float, *, lost: bool) -> Word:
    """Return the word for a difference; where replicates diverged, the others mean nothing."""
    if math.isnan(low):
        return "no interval"
    if lost:
        return "replicates diverged"
    if low > 0:
        return "better"
    if high < 0:
        return "worse"
    return "matches" if low > -bound else "too wide to decide"
