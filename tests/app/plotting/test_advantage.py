"""Where the ticket beats a control, by hand."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from app.plotting.advantage import Advantage, advantage
from app.plotting.intervals import Paired, Terms
from app.plotting.replicates import curve
from app.records import Series

TERMS = Terms(1 / 360)
BETTER, UNSURE, WORSE = (0.01, 0.03), (-0.01, 0.03), (-0.03, -0.01)


def outcome(records: Any, levels: int, **more: dict[int, float]) -> Series:
    rows = [{"level": level, "density": 0.5**level, "test_accuracy": 0.9} for level in range(levels + 1)]
    for column, values in more.items():
        for level, value in values.items():
            rows[level][column] = value
    outcome: Series = records.outcome(rows)
    return outcome


def of(
    records: Any, intervals: Sequence[tuple[float, float]], n: int = 5, **more: dict[int, float]
) -> Advantage | None:
    """The advantage where the interval at level 1, 2, … is as given."""
    pairs = [
        Paired(level, "reinit", n, (low + high) / 2 * level, low, high)
        for level, (low, high) in enumerate(intervals, start=1)
    ]
    series = outcome(records, len(intervals), **more)
    return advantage(series, curve(series, "test_accuracy", "winning_ticket"), pairs, TERMS)


ABOUT = "(n = 5, simultaneous 95 % intervals)"
BEATS, NOT = "The ticket beats random reinit", "The ticket is not shown to beat random reinit"
SPARSEST = "at 12.5 % of the weights, the sparsest level tested, by 6.00 points"


@pytest.mark.parametrize(
    ("intervals", "said", "short"),
    [
        (
            [UNSURE, BETTER, BETTER],
            f"{BEATS} from 25.0 % of the weights down, by 4.00 to 6.00 points {ABOUT}",
            "better than random reinit from 25.0 % down (n = 5)",
        ),
        (
            [UNSURE, UNSURE, BETTER],
            f"{BEATS} {SPARSEST} {ABOUT}",
            "better than random reinit from 12.5 % down (n = 5)",
        ),
        # Better at a level, but not from there down.
        (
            [BETTER, UNSURE, BETTER],
            f"{BEATS} {SPARSEST} {ABOUT}; it is better at 1 denser level",
            "better than random reinit from 12.5 % down (n = 5)",
        ),
        (
            [BETTER, BETTER, UNSURE],
            f"{NOT} at the sparsest level {ABOUT}; it is better at 2 denser levels",
            "",
        ),
        ([UNSURE, WORSE], f"{NOT} at the sparsest level {ABOUT}; it is worse at 1 level", ""),
        ([UNSURE, UNSURE], f"{NOT} at any density tested {ABOUT}", ""),
    ],
)
def test_only_what_holds_is_said(records: Any, intervals: list[tuple[float, float]], said: str, short: str) -> None:
    made = of(records, intervals)
    assert made is not None
    assert made.sentence() == said
    assert made.short() == short


def test_without_intervals_nothing_is_said(records: Any) -> None:
    assert of(records, [(math.nan, math.nan)], n=1) is None


def test_a_ticket_that_diverged_beats_nothing(records: Any) -> None:
    """Those that are left were selected by their outcome."""
    made = of(records, [BETTER, BETTER], diverged_step={2: 10.0}, test_accuracy={2: np.nan})
    assert made is not None
    assert (made.levels, made.others) == ((), 1)
