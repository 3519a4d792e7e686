"""Paired differences against scipy, and the verdict by hand."""

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from app.contract.records import Series
from app.figures.verdict import Paired, Verdict, interval, paired, t_interval, verdict


def outcome(records: Any, ticket: dict[int, list[float]], **controls: dict[int, list[float]]) -> Series:
    """Accuracies by level, one per replicate; None leaves a replicate out."""
    rows = [
        {"replicate": replicate, "level": level, "branch": branch, "density": 0.5**level, "test_accuracy": value}
        for branch, levels in {"winning_ticket": ticket, **controls}.items()
        for level, values in levels.items()
        for replicate, value in enumerate(values)
        if value is not None
    ]
    made: Series = records.outcome(rows)
    return made


@pytest.mark.parametrize("n", [2, 3, 5, 30])
def test_the_interval_is_scipys(n: int) -> None:
    differences = np.random.default_rng(n).normal(0.01, 0.02, n)
    mean, low, high = t_interval(differences.tolist())
    expected = stats.ttest_1samp(differences, 0).confidence_interval(0.95)
    assert mean == pytest.approx(differences.mean(), abs=1e-15)
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_one_or_no_difference_has_no_interval() -> None:
    mean, low, high = t_interval([0.25])
    assert mean == 0.25
    assert math.isnan(low)
    assert math.isnan(high)
    assert all(math.isnan(value) for value in t_interval([]))


def test_paired_matches_scipys_paired_test_over_common_replicates(records: Any) -> None:
    series = outcome(records, {0: [0.9, 0.9, 0.9, 0.9], 1: [0.92, 0.9, 0.95, 0.91]},
                     reinit={1: [0.88, None, 0.9, 0.9]})  # type: ignore[list-item]  # fmt: skip
    made = paired(series, 1, "reinit")
    expected = stats.ttest_rel([0.92, 0.95, 0.91], [0.88, 0.9, 0.9]).confidence_interval(0.95)
    assert made[:3] == (1, "reinit", 3)
    assert made[3:] == pytest.approx((0.1 / 3, expected.low, expected.high), abs=1e-12)


def test_paired_averages_draws_within_their_replicate(records: Any) -> None:
    row = {"level": 1, "branch": "reinit", "density": 0.5}
    series = records.outcome(
        [
            {"replicate": 0, "level": 1, "density": 0.5, "test_accuracy": 0.9},
            {"replicate": 1, "level": 1, "density": 0.5, "test_accuracy": 0.8},
            {**row, "replicate": 0, "draw": 0, "test_accuracy": 0.7},
            {**row, "replicate": 0, "draw": 1, "test_accuracy": 0.5},
            {**row, "replicate": 1, "draw": 0, "test_accuracy": 0.7},
        ]
    )
    # (0.9 − 0.6 + 0.8 − 0.7) / 2; over trainings the mean of the reinits would be 0.633.
    made = paired(series, 1, "reinit")
    assert made.n == 2
    assert made.mean == pytest.approx(0.2)


def test_paired_with_dense_takes_level_zero(records: Any) -> None:
    series = outcome(records, {0: [0.9, 0.8], 1: [0.91, 0.81]})
    assert paired(series, 1, "dense").mean == pytest.approx(0.01)


def test_the_lowest_matching_density_wins(records: Any) -> None:
    dense = [0.92, 0.93, 0.91]
    series = outcome(
        records,
        {
            0: dense,
            1: [0.922, 0.931, 0.911],
            2: [0.9191, 0.929, 0.9089],  # −0.0009, −0.001, −0.0011: the interval lies above −0.002
            3: [0.9171, 0.927, 0.9069],
        },
    )
    made = verdict(series)
    assert made.difference is not None
    assert (made.level, made.density, made.n, made.tested, made.gaps) == (2, 0.25, 3, 3, 0)
    assert made.sentence() == (
        "Matches dense down to 25.0 % of the weights: −0.10 points, 95 % interval −0.12 to −0.08, n = 3 (bound −0.2)"
    )


def test_a_wide_interval_does_not_match_however_good_the_mean(records: Any) -> None:
    series = outcome(records, {0: [0.9, 0.9, 0.9], 1: [0.8, 0.95, 0.99]})
    made = verdict(series)
    assert (made.level, made.tested, made.unsure, made.n) == (None, 1, 1, 3)
    assert made.sentence() == (
        "Not shown to match dense at any density tested (n = 3, bound −0.2); "
        "at 1 of 1 level the interval is too wide to tell"
    )


def test_an_interval_wholly_below_the_bound_is_sure(records: Any) -> None:
    series = outcome(records, {0: [0.9, 0.9, 0.9], 1: [0.8, 0.81, 0.79]})
    made = verdict(series)
    assert (made.level, made.unsure) == (None, 0)
    assert made.sentence() == "Not shown to match dense at any density tested (n = 3, bound −0.2)"


def test_the_bound_can_be_moved(records: Any) -> None:
    series = outcome(records, {0: [0.9, 0.8], 1: [0.89, 0.7901]})
    assert verdict(series).level is None
    made = verdict(series, bound=0.015)
    assert made.level == 1
    assert made.sentence().endswith("n = 2 (bound −1.5)")


def test_a_gap_above_the_verdict_is_told(records: Any) -> None:
    dense = [0.92, 0.93]
    lower, equal = [0.87, 0.8801], [0.9201, 0.93]
    made = verdict(outcome(records, {0: dense, 1: equal, 2: lower, 3: equal}))
    assert (made.level, made.gaps) == (3, 1)
    assert made.sentence().endswith("though not at 1 denser level")


def test_a_diverged_ticket_does_not_match_at_its_level(records: Any) -> None:
    rows = [
        {"replicate": replicate, "level": level, "density": 0.5**level,
         "test_accuracy": 0.9 + 0.0001 * replicate * level,
         "diverged_step": 10.0 if (replicate, level) == (2, 2) else np.nan}
        for replicate in range(3) for level in range(4) if (replicate, level) != (2, 3)
    ]  # fmt: skip
    made = verdict(records.outcome(rows))
    # At level 3 the two that are left would match; the third is missing because it diverged at level 2.
    assert (made.level, made.tested) == (1, 3)


def test_a_dense_network_that_diverged_is_missing_everywhere(records: Any) -> None:
    rows = [
        {"replicate": replicate, "level": level, "density": 0.5**level,
         "test_accuracy": 0.9 + 0.0001 * replicate * level,
         "diverged_step": 10.0 if (replicate, level) == (2, 0) else np.nan}
        for replicate in range(3) for level in range(2)
    ]  # fmt: skip
    assert verdict(records.outcome(rows)).level is None


def test_equal_differences_have_no_interval(records: Any) -> None:
    """Two replicates that lose exactly one test example each are not known to have no spread."""
    series = outcome(records, {0: [0.9, 0.8], 1: [0.9 - 1 / 360, 0.8 - 1 / 360]})
    made = verdict(series)
    assert (made.level, made.tested, made.n) == (None, 0, 2)
    assert made.sentence() == "All 2 differences to dense are equal: no interval"
    assert interval(paired(series, 1, "dense")) == "−0.28 points"


def test_one_replicate_gets_no_verdict(records: Any) -> None:
    made = verdict(outcome(records, {0: [0.9], 1: [0.95]}))
    assert made == Verdict(None, None, None, n=1, tested=0, gaps=0, unsure=0, bound=0.002)
    assert made.sentence() == "n = 1: no interval"
    assert interval(Paired(1, "dense", 1, 0.05, math.nan, math.nan)) == "+5.00 points"


def test_nothing_trained_gets_no_verdict(records: Any) -> None:
    sentence = "No verdict yet: no pruned network is trained to its end"
    assert verdict(None).sentence() == sentence
    assert verdict(outcome(records, {0: [0.9, 0.9]})).sentence() == sentence
