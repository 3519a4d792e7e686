"""Draws are averaged within their replicate before anything else; a diverged training is in no value."""

from collections.abc import Callable
from typing import Any

import numpy as np

from app.plotting.replicates import Curve, curve, draws, present

NAN = float("nan")


def rows() -> list[dict[str, Any]]:
    return [
        {"replicate": 0, "level": 1, "control": "reinit", "draw": 0, "density": 0.5, "test_accuracy": 0.8},
        {"replicate": 0, "level": 1, "control": "reinit", "draw": 1, "density": 0.5, "test_accuracy": 0.6},
        {"replicate": 0, "level": 1, "control": "reinit", "draw": 2, "density": 0.5, "test_accuracy": 0.7},
        {"replicate": 4, "level": 1, "control": "reinit", "draw": 0, "density": 0.5, "test_accuracy": 0.9},
        {"replicate": 4, "level": 2, "control": "reinit", "draw": 0, "density": 0.25, "test_accuracy": 0.5,
         "diverged_step": 30.0},
        {"replicate": 0, "level": 2, "control": "reinit", "draw": 0, "density": 0.25, "test_accuracy": NAN},
        {"replicate": 0, "level": 0, "density": 1.0, "test_accuracy": 0.95},
    ]  # fmt: skip


def test_curve_by_hand(records: Any, same: Callable[..., bool]) -> None:
    made = curve(records.outcome(rows()), "test_accuracy", "reinit")
    expected = Curve(
        control="reinit",
        levels=np.array([1, 2]),
        density=np.array([0.5, 0.25]),
        replicates=np.array([0, 4]),
        values=np.array([[0.7, 0.9], [NAN, NAN]]),
        diverged=np.array([0, 2]),
    )
    assert same(made, expected)
    # Over the four trainings the mean would be 0.75: replicates, not draws, are what n counts.
    assert same(made.mean, np.array([0.8, NAN]))
    assert same(made.low, np.array([0.7, NAN]))
    assert same(made.high, np.array([0.9, NAN]))
    assert made.n.tolist() == [2, 0]


def test_at_gives_finite_values_only(records: Any) -> None:
    made = curve(records.outcome(rows()), "test_accuracy", "reinit")
    assert made.at(1) == {0: (0.8 + 0.6 + 0.7) / 3, 4: 0.9}
    assert made.at(2) == {}
    assert made.at(7) == {}


def test_row_order_does_not_matter(records: Any, same: Callable[..., bool]) -> None:
    forth = curve(records.outcome(rows()), "test_accuracy", "reinit")
    back = curve(records.outcome(rows()[::-1]), "test_accuracy", "reinit")
    assert same(forth, back)


def test_present_keeps_the_order_of_the_branches(records: Any) -> None:
    mixed = records.outcome([{"control": name} for name in ("shuffled", "winning_ticket", "reinit")])
    assert present(mixed) == ("winning_ticket", "reinit", "shuffled")
    assert draws(records.outcome(rows())) == 3
