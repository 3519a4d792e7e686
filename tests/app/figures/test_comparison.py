"""The table of paired differences, by hand."""

from collections.abc import Callable
from typing import Any

import pytest

from app.figures.comparison import Comparison, Row, comparison, table
from app.figures.entry import to_csv
from app.figures.verdict import Paired, verdict

NAN = float("nan")


def rows() -> list[dict[str, Any]]:
    return [
        {"replicate": 0, "level": 0, "density": 1.0, "test_accuracy": 0.9},
        {"replicate": 0, "level": 1, "density": 0.5, "test_accuracy": 0.85},
        {"replicate": 0, "level": 1, "density": 0.5, "test_accuracy": 0.6, "branch": "shuffled"},
        {"replicate": 0, "level": 1, "density": 0.5, "test_accuracy": 0.8, "branch": "reinit"},
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
            Row(2, 0.25, NAN, 0, 1, gone, (gone._replace(branch="reinit"), gone._replace(branch="shuffled"))),
        ),
        verdict=verdict(outcome),
    )  # fmt: skip
    assert same(comparison(outcome), expected)


def test_table_as_csv(records: Any) -> None:
    lines = to_csv(table(comparison(records.outcome(rows())))).splitlines()
    assert lines[0].startswith("level,density,ticket_test_accuracy,n,diverged,minus_dense,minus_dense_low")
    first = lines[1].split(",")
    assert first[:5] == ["1", "0.5", "0.85", "1", "0"]
    assert float(first[5]) == pytest.approx(-0.05)
    assert first[6:9] == ["", "", "1"]
    assert len(lines) == 3


def test_nothing_measured_is_an_empty_table() -> None:
    made = comparison(None)
    assert (made.controls, made.rows) == ((), ())
    assert len(to_csv(table(made)).splitlines()) == 1
