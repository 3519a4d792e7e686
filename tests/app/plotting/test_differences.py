"""Differences to a baseline against scipy: what is paired, what is not, what is averaged, and what is said of it."""

import math
from typing import get_args

import numpy as np
import pytest
from scipy import stats

from app.plotting.compared import Group, Measured
from app.plotting.differences import Sample, against, sample
from app.plotting.intervals import Kind, welch_interval
from app.plotting.replicates import Floats
from app.records import Series
from tests.app.figure_records import outcome, run

HALVES = (1.0, 0.5, 0.25)


def rows(values: Floats, densities: tuple[float, ...] = HALVES) -> Series:
    """Outcomes of accuracies (n_replicates, n_levels)."""
    return outcome(
        [
            {"replicate": replicate, "level": level, "density": densities[level], "test_accuracy": float(value)}
            for replicate, row in enumerate(values)
            for level, value in enumerate(row)
            if math.isfinite(value)
        ]
    )


def line(name: str, *runs: tuple[int, Floats]) -> Group:
    """A group of runs, each of a seed."""
    measured = tuple(Measured(run(seed=seed), {"outcome": rows(values)}) for seed, values in runs)
    return Group("compared_1", name, measured)


def planted(seed: int, replicates: int, gain: float = 0.0, sd: float = 0.01) -> Floats:
    draw = np.random.default_rng(seed)
    return 0.9 + gain + draw.normal(0, sd, (replicates, 1)) + draw.normal(0, 0.004, (replicates, len(HALVES)))


def both(mine: Floats, theirs: Floats, *seeds: int) -> tuple[Sample, Sample]:
    a, b = (line("a", (seeds[0], mine)), line("b", (seeds[1], theirs)))
    return sample(a, "simultaneous", 0.002), sample(b, "simultaneous", 0.002)


@pytest.mark.parametrize("kind", get_args(Kind))
def test_runs_of_one_seed_are_paired_by_replicate(kind: Kind) -> None:
    mine, theirs = planted(1, 6, 0.02), planted(1, 6)
    found = against(sample(line("a", (7, mine)), kind, 0.002), sample(line("b", (7, theirs)), kind, 0.002))
    assert found.paired
    assert [one.density for one in found.differences] == list(HALVES)
    level = 0.95 if kind == "pointwise" else 1 - 0.05 / 3
    for place, one in enumerate(found.differences):
        each = mine[:, place] - theirs[:, place]
        # Pairs take away the luck of a seed: what is left here has no spread, so one test example counts.
        assert each.std(ddof=1) < 1 / 360
        half = stats.t.ppf((1 + level) / 2, 5) / 360 / math.sqrt(6)
        assert (one.n, one.n_baseline, one.word) == (6, 6, "better")
        assert (one.mean, one.low, one.high) == pytest.approx((0.02, 0.02 - half, 0.02 + half))


def test_the_interval_of_pairs_is_scipys() -> None:
    mine, theirs = planted(1, 5, sd=0.03), planted(2, 5, sd=0.03)
    found = against(*both(mine, theirs, 0, 0))
    for place, one in enumerate(found.differences):
        expected = stats.ttest_rel(mine[:, place], theirs[:, place]).confidence_interval(1 - 0.05 / 3)
        assert (one.low, one.high) == pytest.approx((expected.low, expected.high))
        assert one.word == "too wide to decide"


def test_without_a_shared_seed_the_interval_is_welchs() -> None:
    mine, theirs = planted(1, 4, 0.3, sd=0.01), planted(2, 7, sd=0.05)
    found = against(*both(mine, theirs, 1, 2))
    assert not found.paired
    for place, one in enumerate(found.differences):
        expected = stats.ttest_ind(mine[:, place], theirs[:, place], equal_var=False).confidence_interval(1 - 0.05 / 3)
        assert (one.n, one.n_baseline, one.word) == (4, 7, "better")
        assert one.mean == pytest.approx(mine[:, place].mean() - theirs[:, place].mean())
        assert (one.low, one.high) == pytest.approx((expected.low, expected.high))


def test_welchs_interval_has_the_floor_of_one_example_of_a_difference() -> None:
    step = 1 / 360
    mean, low, high = welch_interval([0.9] * 3, [0.8] * 3, least_sd=step)
    half = stats.t.ppf(0.975, 4) * step / math.sqrt(3)
    assert (mean, low, high) == pytest.approx((0.1, 0.1 - half, 0.1 + half))
    assert welch_interval([0.9] * 3, [0.8] * 3) == pytest.approx((0.1, 0.1, 0.1))
    assert all(math.isnan(end) for end in welch_interval([0.9], [0.8, 0.7])[1:])


def test_the_error_of_welchs_interval_holds_where_spreads_differ() -> None:
    draw = np.random.default_rng(0)
    missed = 0
    for _ in range(4_000):
        low, high = welch_interval(draw.normal(0, 1, 4).tolist(), draw.normal(0, 5, 9).tolist())[1:]
        missed += not low <= 0 <= high
    assert 0.04 < missed / 4_000 < 0.06


def test_pairs_are_of_the_seeds_that_both_have() -> None:
    """Replicates 0 to 4 of seed 0 against 0 to 2 of it and all of seed 1."""
    mine, theirs = planted(1, 5, 0.05), planted(1, 3)
    found = against(
        sample(line("a", (0, mine)), "pointwise", 0.002),
        sample(line("b", (0, theirs), (1, planted(9, 4))), "pointwise", 0.002),
    )
    assert found.paired
    assert {one.n for one in found.differences} == {3}
    assert found.differences[0].mean == pytest.approx((mine[:3, 0] - theirs[:, 0]).mean())
    # One pair says less than two samples do.
    one = against(
        sample(line("a", (0, planted(1, 1)), (1, planted(2, 3))), "pointwise", 0.002),
        sample(line("b", (0, planted(1, 1)), (2, planted(3, 3))), "pointwise", 0.002),
    )
    assert not one.paired
    assert {(difference.n, difference.n_baseline) for difference in one.differences} == {(4, 4)}


def test_runs_of_one_seed_in_a_group_are_no_two_replicates() -> None:
    """Two rates under the same seed: their mean is one value for each replicate."""
    slow, fast, base = planted(1, 3, 0.02), planted(1, 3, 0.04), planted(1, 3)
    found = against(
        sample(line("a", (0, slow), (0, fast)), "pointwise", 0.002), sample(line("b", (0, base)), "pointwise", 0.002)
    )
    assert found.runs == 2
    assert [(one.n, round(one.mean, 9)) for one in found.differences] == [(3, 0.03)] * 3


def test_what_cannot_be_compared_has_a_reason() -> None:
    base = sample(line("b", (0, planted(1, 3))), "pointwise", 0.002)
    elsewhere = Group("compared_2", "c", (Measured(run(), {"outcome": rows(planted(1, 3), (0.9, 0.6, 0.3))}),))
    assert against(sample(elsewhere, "pointwise", 0.002), base).why == "shares no density with it"
    empty = Group("compared_2", "d", (Measured(run(), {"outcome": outcome([])}),))
    assert against(sample(empty, "pointwise", 0.002), base).why == "has no ticket with a test accuracy"
    other = base._replace(data="fashion-mnist")
    assert against(other, base).why == "was tested on other data (fashion-mnist)"
    alone = against(sample(line("a", (0, planted(1, 1))), "pointwise", 0.002), base)
    assert {(one.n, one.word) for one in alone.differences} == {(1, "no interval")}


def test_nothing_follows_where_replicates_diverged() -> None:
    series = outcome(
        [
            {
                "replicate": replicate, "level": level, "density": HALVES[level], "test_accuracy": 0.99,
                "diverged_step": 3.0 if (replicate, level) == (2, 1) else math.nan,
            }
            for replicate in range(3) for level in range(3)
        ]
    )  # fmt: skip
    broken = Group("compared_2", "a", (Measured(run(), {"outcome": series}),))
    base = sample(line("b", (0, planted(1, 3))), "pointwise", 0.002)
    found = against(sample(broken, "pointwise", 0.002), base)
    assert [(one.n, one.word) for one in found.differences] == [
        (3, "better"), (2, "replicates diverged"), (3, "replicates diverged"),
    ]  # fmt: skip
