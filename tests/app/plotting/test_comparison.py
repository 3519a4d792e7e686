"""The table of paired differences, by hand."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from app.plotting.comparison import Comparison, Row, comparison, table
from app.plotting.entry import to_csv
from app.plotting.intervals import Paired, Terms
from app.plotting.verdict import verdict

NAN = float("nan")
TERMS = Terms(1 / 360)


def rows() -> list[dict[str, Any]]:
    return [
        {"replicate": 0, "level": 0, "density": 1.0, "test_accuracy": 0.9},
        {"replicate": 0, "level": 1, "density": 0.5, "test_accuracy": 0.85},
        {"replicate": 0, "level": 1, "density": 0.5, "test_accuracy": 0.6, "control": "shuffled"},
        {"replicate": 0, "level": 1, "density": 0.5, "test_accuracy": 0.8, "control": "reinit"},
        {"replicate": 0, "level": 2, "density": 0.25, "test_accuracy": 0.1, "diverged_step": 5.0},
    ]


def test_rows_by_hand(records: Any, same: Callable[..., bool]) -> None:
    outcome = records.outcome(rows())
    gone = Paired(2, "dense", 0, NAN, NAN, NAN)
    expected = Comparison(
        controls=("reinit", "shuffled"),
        rows=(
            Row(1, 0.5, 0.85, 1, 0, Paired(1, "dense", 1, -0.05, NAN, NAN),
                (Paired(1, "reinit", 1, 0.05, NAN, NAN), Paired(1, "shuffled", 1, 0.25, NAN, NAN))),
            Row(2, 0.25, NAN, 0, 1, gone, (gone._replace(control="reinit"), gone._replace(control="shuffled"))),
        ),
        verdict=verdict(outcome, TERMS),
        advantages=(),
    )  # fmt: skip
    assert same(comparison(outcome, TERMS), expected)


def test_table_as_csv(records: Any) -> None:
    lines = to_csv(table(comparison(records.outcome(rows()), TERMS))).splitlines()
    assert lines[0].startswith("level,density,ticket_test_accuracy,n,diverged,minus_dense,minus_dense_low")
    first = lines[1].split(",")
    assert first[:5] == ["1", "0.5", "0.85", "1", "0"]
    assert float(first[5]) == pytest.approx(-0.05)
    assert first[6:9] == ["", "", "1"]
    assert len(lines) == 3


def test_nothing_measured_is_an_empty_table() -> None:
    made = comparison(None, TERMS)
    assert (made.controls, made.rows) == ((), ())
    assert len(to_csv(table(made)).splitlines()) == 1


def test_sentence_and_table_say_the_same_of_a_control(records: Any) -> None:
    draw = np.random.default_rng(1)
    gains = {1: 0.0, 2: 0.03, 3: 0.1}
    rows = [
        {"replicate": replicate, "level": level, "density": 0.5**level, "control": control,
         "test_accuracy": 0.9 - (gains[level] if control == "reinit" else 0) + draw.normal(0, 0.002)}
        for replicate in range(5) for level in gains for control in ("winning_ticket", "reinit")
    ]  # fmt: skip
    made = comparison(records.outcome(rows), TERMS)
    columns = table(made)
    assert columns["beats_reinit"] == [False, True, True]
    assert columns["intervals"] == ["simultaneous"] * 3
    assert [low > 0 for low in columns["minus_reinit_low"]] == [False, True, True]
    low, high = (100 * columns["minus_reinit"][level - 1] for level in (2, 3))
    assert made.advantages[0].sentence() == (
        f"The ticket beats random reinit from 25.0 % of the weights down, by {low:.2f} to {high:.2f} points "
        "(n = 5, simultaneous 95 % intervals)"
    )
