"""Importance: the field that decides is named, its uncertainty shrinks with runs, and few runs say nothing."""

import numpy as np
import pytest

from app.sweeps import chance
from app.sweeps.importance import LEAST, importances
from app.sweeps.plan import Plan, Values
from tests.app.sweeps.planted import plan

ALONE = {"optimizer.lr": 1.0, "pruning.rate": 0.0, "mode": 0.0}


def runs(asked: Plan, n: int, weights: dict[str, float], sign: int = 1) -> list[tuple[Values, float]]:
    """Return random members with an objective that depends on their fields with these weights, and noise."""
    noise, found = np.random.default_rng(1), []
    for position in range(n):
        values = chance.draw(asked, position, set())
        assert values is not None
        depends = {
            "optimizer.lr": abs(np.log10(values["optimizer.lr"]) + 2.5) / 3,
            "pruning.rate": abs(values["pruning.rate"] - 0.4),
            "mode": float(values["mode"] == "one_shot"),
        }
        value = -sum(weights[path] * each for path, each in depends.items()) + noise.normal(0, 0.01)
        found.append((values, sign * float(value)))
    return found


@pytest.mark.parametrize("alone", list(ALONE))
def test_the_field_that_decides_is_named_with_an_interval_apart_from_the_others(alone: str) -> None:
    weights = {path: float(path == alone) for path in ALONE}
    for sign in (1, -1):
        first, *others = importances(plan("random"), runs(plan("random"), 200, weights, sign), maximise=sign > 0)
        assert first.path == alone
        assert first.share > 0.8
        assert all(first.low > each.high for each in others)
        assert first.low <= first.share <= first.high


def test_more_runs_are_less_uncertain() -> None:
    mixed = {"optimizer.lr": 1.0, "pruning.rate": 2.0, "mode": 0.2}
    widths = []
    for n in (LEAST, 200):
        found = importances(plan("random"), runs(plan("random"), n, mixed), maximise=True)
        widths.append(max(each.high - each.low for each in found))
        assert sum(each.share for each in found) == pytest.approx(1)
    assert widths[1] < widths[0]


def test_few_runs_one_field_and_equal_values_say_nothing() -> None:
    members = runs(plan("random"), LEAST, ALONE)
    assert importances(plan("random"), members, maximise=True)
    assert importances(plan("random"), members[:-1], maximise=True) == ()
    assert importances(plan("random"), [(values, 0.5) for values, _ in members], maximise=True) == ()
    one = plan("random").model_copy(update={"axes": {"mode": plan("random").axes["mode"]}})
    assert importances(one, members, maximise=True) == ()
