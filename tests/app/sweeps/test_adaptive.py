"""Adaptive search learns, repeats itself from what is stored, and asks nothing twice."""

import statistics
from typing import Any

import pytest

from app.sweeps.adaptive import ask, scale
from app.sweeps.axes import Axis, key
from app.sweeps.decide import decide
from app.sweeps.plan import Budget, Plan, Stop
from tests.app.sweeps.planted import BASE, Tried, objective, plan, runs_until

ENOUGH = 0.98


def told(asked: Plan, n: int) -> list[Tried]:
    """Return `n` members, all of which have ended."""
    members: list[Tried] = []
    while len(members) < n:
        found = decide(asked, members).start
        members += [Tried(values, live=False, objective=objective(values)) for values in found]
    return members[:n]


def test_a_planted_optimum_is_found_in_fewer_runs_than_by_chance() -> None:
    seeds = range(20)
    adaptive = statistics.median(runs_until(plan("adaptive", seed), ENOUGH) for seed in seeds)
    random = statistics.median(runs_until(plan("random", seed), ENOUGH) for seed in seeds)
    assert adaptive < random / 2
    print(f"runs to the optimum: adaptive {adaptive:g}, random {random:g}")  # noqa: T201


def test_several_at_once_learn_too_and_a_loss_is_made_small() -> None:
    seeds = range(10)
    random = statistics.median(runs_until(plan("random", seed), ENOUGH) for seed in seeds)
    four = statistics.median(runs_until(plan("adaptive", seed, at_once=4), ENOUGH) for seed in seeds)
    falling = statistics.median(runs_until(plan("adaptive", seed), ENOUGH, sign=-1) for seed in seeds)
    assert four < random
    assert falling < random


def test_what_is_asked_follows_from_seed_and_members_alone() -> None:
    members = told(plan("adaptive", 3), 15)
    asked = [ask(plan("adaptive", 3), members, 3, maximise=True) for _ in range(2)]
    assert asked[0] == asked[1]
    assert ask(plan("adaptive", 4), members, 3, maximise=True) != asked[0]
    turned = [Tried(each.values, live=False, objective=-(each.objective or 0)) for each in members]
    assert ask(plan("adaptive", 3), turned, 3, maximise=True) != asked[0]


def test_members_at_work_are_not_asked_for_again() -> None:
    axes = {"seed": Axis.model_validate({"range": {"low": 0, "high": 11}})}
    asked = plan("adaptive", axes=axes, budget=Budget(runs=500, at_once=5))
    members: list[Tried] = []
    while (found := decide(asked, members)).start:
        members += [Tried(values) for values in found.start]
        for member in [each for each in members if each.live][:2]:
            member.live, member.objective = False, -abs(member.values["seed"] - 7.0)
    assert sorted(member.values["seed"] for member in members) == list(range(12))
    assert found.close == ""


def test_a_failed_member_teaches_nothing_and_stops_nothing() -> None:
    members = told(plan("adaptive"), 14)
    for member in members[::3]:
        member.objective = None
    assert len(ask(plan("adaptive"), members, 2, maximise=True)) == 2


@pytest.mark.parametrize(
    ("axis", "whole", "values"),
    [
        ({"values": [0.1, 0.3, 1.0]}, False, [0.1, 0.3, 1.0]),
        ({"values": [{"kind": "adam", "lr": 0.1}, {"kind": "sgd", "lr": 1}]}, False, [{"kind": "sgd", "lr": 1}]),
        ({"values": ["b", "a"]}, False, ["a", "b"]),
        ({"values": [[64], [64, 128]]}, False, [[64, 128]]),
        ({"range": {"low": 1, "high": 9, "step": 3}}, True, [1, 4, 7]),
        ({"range": {"low": 0, "high": 1, "step": 0.25}}, False, [0.0, 0.25, 1.0]),
        ({"log_range": {"low": 1, "high": 1000}}, True, [1, 37, 1000]),
        ({"log_range": {"low": 1e-4, "high": 0.1, "count": 4}}, False, [1e-4, 1e-3, 0.1]),
        ({"log_range": {"low": 1e-4, "high": 0.1}}, False, [1e-4, 0.0123, 0.1]),
    ],
)
def test_values_come_back_from_the_numbers_of_a_study(axis: dict[str, Any], whole: bool, values: list[Any]) -> None:
    made = Axis.model_validate(axis)
    found = scale(made, whole=whole)
    for value in values:
        number = found.number(value)
        assert found.distribution._contains(found.distribution.to_internal_repr(number))
        assert key(found.value(number, made)) == key(value)


def test_stop_rules_hold_and_are_said() -> None:
    target = plan("adaptive", stop=Stop(target=0.9))
    members = told(target, 5)
    members[3].objective = 0.95
    assert decide(target, members).close == "The target of 0.9 is reached. 195 members not started."
    patient = plan("random", stop=Stop(patience=4))
    values = [0.5, 0.9, 0.1, 0.2, 0.3]
    members = [Tried({"x": place}, live=False, objective=value) for place, value in enumerate(values)]
    assert decide(patient, members).close is None
    members.append(Tried({"x": 9}, live=False, objective=0.9))
    stopped = "The last 4 runs did not improve the objective. 194 members not started."
    assert decide(patient, members).close == stopped
    loss = [Tried(each.values, live=False, objective=-(each.objective or 0)) for each in members]
    assert decide(patient, loss, maximise=False).close == stopped


def test_the_spec_of_a_member_is_that_of_the_base_but_for_its_values() -> None:
    from app.sweeps.plan import member

    values = {"optimizer.lr": 0.5, "mode": "one_shot"}
    spec = member(plan("adaptive"), values).model_dump(mode="json")
    assert spec == {**BASE, "mode": "one_shot", "optimizer": {**BASE["optimizer"], "lr": 0.5}}
