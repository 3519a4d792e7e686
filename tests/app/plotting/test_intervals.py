"""Intervals against scipy and against simulation: what they cost, and that their error holds over the levels."""

import math
from typing import Any, get_args

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from app.plotting.intervals import BOUND, Kind, Paired, Terms, by_level, quantile, t_interval, terms_of, written
from app.plotting.replicates import Curve

STEP = 1 / 360


def curve(values: NDArray[np.float64]) -> Curve:
    """A ticket's curve from accuracies (n_levels, n_replicates), level 0 first."""
    levels, replicates = (np.arange(size) for size in values.shape)
    density: NDArray[np.float64] = 0.5 ** levels.astype(np.float64)
    return Curve("winning_ticket", levels, density, replicates, values, np.zeros(len(levels), np.int64))


@pytest.mark.parametrize("n", [2, 3, 5, 30])
@pytest.mark.parametrize("levels", [1, 12])
def test_the_interval_is_scipys(n: int, levels: int) -> None:
    differences = np.random.default_rng(n).normal(0.01, 0.02, n)
    mean, low, high = t_interval(differences.tolist(), levels=levels)
    expected = stats.ttest_1samp(differences, 0).confidence_interval(1 - 0.05 / levels)
    assert mean == pytest.approx(differences.mean(), abs=1e-15)
    assert (low, high) == pytest.approx((expected.low, expected.high), rel=1e-9)


def test_one_or_no_difference_has_no_interval() -> None:
    mean, low, high = t_interval([0.25], least_sd=STEP)
    assert mean == 0.25
    assert math.isnan(low)
    assert math.isnan(high)
    assert all(math.isnan(value) for value in t_interval([]))


def test_equal_differences_count_as_one_test_example_apart() -> None:
    """30 of 360 examples worse in all of three replicates."""
    mean, low, high = t_interval([-30 * STEP] * 3, least_sd=STEP)
    half = stats.t.ppf(0.975, 2) * STEP / math.sqrt(3)
    assert (mean, low, high) == pytest.approx((-30 * STEP, -30 * STEP - half, -30 * STEP + half))
    # Where they differ by more, the floor changes nothing.
    apart = [0.0, -10 * STEP, 10 * STEP]
    assert t_interval(apart, least_sd=STEP) == t_interval(apart)


@pytest.mark.parametrize("n", [3, 5])
def test_the_floor_keeps_the_error_where_accuracies_are_whole_examples(n: int) -> None:
    """Differences that spread by a fifth of an example: without the floor their intervals mostly miss the truth."""
    draw = np.random.default_rng(n)
    truth = draw.uniform(-0.5, 0.5, 2_000)  # in examples
    observed = np.rint(truth[:, None] + draw.normal(0, 0.2, (2_000, n)))

    def missed(least_sd: float) -> float:
        ends = [t_interval(row.tolist(), least_sd=least_sd)[1:] for row in observed]
        return float(np.mean([not low <= true <= high for true, (low, high) in zip(truth, ends, strict=True)]))

    assert missed(0.0) > 0.5
    assert missed(1.0) <= 0.05


@pytest.mark.parametrize(("levels", "before"), [(5, 0.10), (10, 0.16), (15, 0.22)])
def test_some_level_on_the_bound_matches_in_at_most_one_of_twenty_runs(levels: int, before: float) -> None:
    """Every level loses exactly the bound; dense and pruned networks vary alike, n = 5."""
    runs, draw = 1_000, np.random.default_rng(levels)
    matched = dict.fromkeys(get_args(Kind), 0)
    for _ in range(runs):
        accuracies = 0.9 + draw.normal(0, 0.01, (levels + 1, 5))
        accuracies[1:] -= BOUND
        ticket = curve(accuracies)
        for kind in matched:
            pairs = by_level(ticket, ticket, "dense", Terms(1e-4, kind=kind))
            assert len(pairs) == levels
            matched[kind] += any(pair.low > -BOUND for pair in pairs)
    assert matched["pointwise"] / runs == pytest.approx(before, abs=0.03)
    assert matched["simultaneous"] / runs <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / runs)


def test_the_quantile_holds_for_independent_levels_in_simulation() -> None:
    """Both sides, ten levels that share nothing: 95 % of runs have all their means inside."""
    draw = np.random.default_rng(0)
    values = draw.normal(size=(20_000, 10, 4))
    t = values.mean(axis=2) / (values.std(axis=2, ddof=1) / 2)
    inside = (np.abs(t) <= quantile(4, 10)).all(axis=1).mean()
    assert inside == pytest.approx(0.95, abs=0.005)


def test_what_simultaneous_intervals_cost() -> None:
    """The numbers of decision 14, at 11 levels: widths, and the power where the ticket is as good as dense."""
    ratios = {n: quantile(n, 11) / quantile(n, 1) for n in (3, 5, 10)}
    assert ratios == pytest.approx({3: 3.44, 5: 2.07, 10: 1.66}, abs=0.01)
    power = {
        (n, levels): stats.nct.sf(quantile(n, levels), n - 1, BOUND / 0.001 * math.sqrt(n))
        for n in ratios for levels in (1, 11)
    }  # fmt: skip
    assert power == pytest.approx(
        {(3, 1): 0.47, (3, 11): 0.06, (5, 1): 0.91, (5, 11): 0.35, (10, 1): 1.0, (10, 11): 0.98}, abs=0.01
    )


def test_levels_without_an_interval_do_not_count() -> None:
    values = np.array([[0.9, 0.9, 0.9], [0.9, 0.91, 0.92], [0.8, 0.82, 0.87], [0.7, np.nan, np.nan]])
    ticket = curve(values)
    pairs = by_level(ticket, ticket, "dense", Terms(STEP))
    assert [(pair.level, pair.n, pair.tested) for pair in pairs] == [(1, 3, True), (2, 3, True), (3, 1, False)]
    assert pairs[0][3:] == pytest.approx(t_interval([0.0, 0.01, 0.02], levels=2, least_sd=STEP))
    alone = by_level(ticket, ticket, "dense", Terms(STEP, kind="pointwise"))
    assert alone[0][3:] == pytest.approx(t_interval([0.0, 0.01, 0.02], least_sd=STEP))


def test_the_step_is_that_of_the_runs_test_split(records: Any) -> None:
    assert terms_of(records.run()) == Terms(1 / 360, BOUND, "simultaneous")
    assert terms_of(records.run(), 0.01, "pointwise") == Terms(1 / 360, 0.01, "pointwise")


def test_written() -> None:
    pair = Paired(1, "dense", 3, -0.0005, -0.0015, 0.0005)
    assert written(pair, "simultaneous") == "−0.05 points, simultaneous 95 % interval −0.15 to +0.05"
    assert written(Paired(1, "dense", 1, 0.05, math.nan, math.nan), "pointwise") == "+5.00 points"
