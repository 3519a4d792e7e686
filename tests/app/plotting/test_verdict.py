"""The verdict by hand; its intervals have tests of their own."""

from typing import Any

import numpy as np

from app.plotting.intervals import Terms
from app.plotting.verdict import Verdict, verdict
from app.records import Series

STEP = 1e-5
POINTWISE = Terms(STEP, kind="pointwise")
TERMS = Terms(STEP)


def outcome(records: Any, ticket: dict[int, list[float]], **controls: dict[int, list[float]]) -> Series:
    """Accuracies by level, one per replicate; None leaves a replicate out."""
    rows = [
        {"replicate": replicate, "level": level, "control": control, "density": 0.5**level, "test_accuracy": value}
        for control, levels in {"winning_ticket": ticket, **controls}.items()
        for level, values in levels.items()
        for replicate, value in enumerate(values)
        if value is not None
    ]
    outcome: Series = records.outcome(rows)
    return outcome


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
    statement = verdict(series, POINTWISE)
    assert statement.difference is not None
    assert (statement.level, statement.density, statement.n, statement.tested, statement.gaps) == (2, 0.25, 3, 3, 0)
    about = "The density is chosen on test accuracy among 3 levels, for which these intervals"
    assert statement.sentence() == (
        "Matches dense down to 25.0 % of the weights: −0.10 points, pointwise 95 % interval −0.12 to −0.08, n = 3 "
        f"(bound −0.2). {about} do not allow"
    )
    # Over three levels together the interval is 1.8 times as wide, and still above the bound.
    assert verdict(series, TERMS).sentence() == (
        "Matches dense down to 25.0 % of the weights: −0.10 points, simultaneous 95 % interval −0.14 to −0.06, n = 3 "
        f"(bound −0.2). {about} allow"
    )


def test_what_holds_at_each_level_alone_may_not_hold_among_many(records: Any) -> None:
    dense = [0.92, 0.93, 0.91]
    lower = [item - 0.02 for item in dense]
    levels = dict.fromkeys(range(1, 11), lower) | {11: [0.9191, 0.929, 0.9088]}
    series = outcome(records, {0: dense, **levels})
    assert verdict(series, POINTWISE).level == 11
    statement = verdict(series, TERMS)
    assert (statement.level, statement.unsure) == (None, 1)


def test_one_level_is_not_chosen_among_several(records: Any) -> None:
    series = outcome(records, {0: [0.9, 0.9, 0.9], 1: [0.91, 0.911, 0.909]})
    assert verdict(series, TERMS).sentence().endswith("n = 3 (bound −0.2)")


def test_a_wide_interval_does_not_match_however_good_the_mean(records: Any) -> None:
    series = outcome(records, {0: [0.9, 0.9, 0.9], 1: [0.8, 0.95, 0.99]})
    statement = verdict(series, TERMS)
    assert (statement.level, statement.tested, statement.unsure, statement.n) == (None, 1, 1, 3)
    assert statement.sentence() == (
        "Not shown to match dense at any density tested (n = 3, bound −0.2, simultaneous 95 % intervals); "
        "at 1 of 1 level the interval is too wide to decide"
    )


def test_an_interval_wholly_below_the_bound_is_sure(records: Any) -> None:
    series = outcome(records, {0: [0.9, 0.9, 0.9], 1: [0.8, 0.81, 0.79]})
    statement = verdict(series, TERMS)
    assert (statement.level, statement.unsure) == (None, 0)
    assert statement.sentence() == (
        "Loses more than the bound at the one pruned level tested: −10.00 points (n = 3, bound −0.2, simultaneous 95 % "
        "intervals)"
    )


def test_the_bound_can_be_moved(records: Any) -> None:
    series = outcome(records, {0: [0.9, 0.8], 1: [0.89, 0.7901]})
    assert verdict(series, TERMS).level is None
    statement = verdict(series, TERMS._replace(bound=0.015))
    assert statement.level == 1
    assert statement.sentence().endswith("n = 2 (bound −1.5)")


def test_a_gap_above_the_verdict_is_told(records: Any) -> None:
    dense = [0.92, 0.93]
    lower, equal = [0.87, 0.8801], [0.9201, 0.93]
    statement = verdict(outcome(records, {0: dense, 1: equal, 2: lower, 3: equal}), POINTWISE)
    assert (statement.level, statement.gaps) == (3, 1)
    assert "though not at 1 denser level. " in statement.sentence()


def test_a_diverged_ticket_does_not_match_at_its_level(records: Any) -> None:
    rows = [
        {"replicate": replicate, "level": level, "density": 0.5**level,
         "test_accuracy": 0.9 + 0.0001 * replicate * level,
         "diverged_step": 10.0 if (replicate, level) == (2, 2) else np.nan}
        for replicate in range(3) for level in range(4) if (replicate, level) != (2, 3)
    ]  # fmt: skip
    statement = verdict(records.outcome(rows), TERMS)
    # At level 3 the two that are left would match; the third is missing because it diverged at level 2.
    assert (statement.level, statement.tested) == (1, 3)


def test_a_dense_network_that_diverged_is_missing_everywhere(records: Any) -> None:
    rows = [
        {"replicate": replicate, "level": level, "density": 0.5**level,
         "test_accuracy": 0.9 + 0.0001 * replicate * level,
         "diverged_step": 10.0 if (replicate, level) == (2, 0) else np.nan}
        for replicate in range(3) for level in range(2)
    ]  # fmt: skip
    assert verdict(records.outcome(rows), TERMS).level is None


def test_equal_differences_of_many_examples_get_a_verdict(records: Any) -> None:
    """30 of 360 examples worse in all replicates, and at the next level 36: their spread is at least one example."""
    dense = [0.9, 0.8, 0.85]
    levels = {level: [item - lost / 360 for item in dense] for level, lost in ((1, 30), (2, 36))}
    statement = verdict(outcome(records, {0: dense, **levels}), Terms(1 / 360))
    assert (statement.level, statement.tested, statement.unsure, statement.n) == (None, 2, 0, 3)
    assert statement.sentence() == (
        "Loses more than the bound at all 2 pruned levels tested: −10.00 to −8.33 points (n = 3, bound −0.2, "
        "simultaneous 95 % intervals)"
    )


def test_equal_differences_of_one_example_are_not_known_to_match_or_not(records: Any) -> None:
    series = outcome(records, {0: [0.9, 0.8], 1: [0.9 - 1 / 360, 0.8 - 1 / 360]})
    statement = verdict(series, Terms(1 / 360))
    assert (statement.level, statement.tested, statement.unsure) == (None, 1, 1)


def test_one_replicate_gets_no_verdict(records: Any) -> None:
    statement = verdict(outcome(records, {0: [0.9], 1: [0.95]}), TERMS)
    assert statement == Verdict(TERMS, n=1)
    assert statement.sentence() == "n = 1: no interval"


def test_nothing_trained_gets_no_verdict(records: Any) -> None:
    sentence = "No verdict yet: no pruned network is trained to its end"
    assert verdict(None, TERMS).sentence() == sentence
    assert verdict(outcome(records, {0: [0.9, 0.9]}), TERMS).sentence() == sentence
