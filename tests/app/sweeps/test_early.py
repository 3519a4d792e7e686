"""Members are stopped early exactly where Optuna's own study stops them, one after the other, on the same values."""

import dataclasses
import math
import random

import optuna
import pytest

from app.sweeps.adaptive import study_of
from app.sweeps.early import pruner_of, study_name, verdicts
from app.sweeps.plan import Plan, Pruner
from tests.app.sweeps.planted import Tried, plan

MOST = 9
N = 60


def curves(seed: int, *, diverge: bool = False) -> list[list[float]]:
    """Rising, crossing and falling curves; some end in NaN."""
    rng = random.Random(seed)
    found = []
    for number in range(N):
        level, slope = rng.uniform(0.2, 0.8), rng.uniform(-0.05, 0.06)
        curve = [level + slope * step + rng.gauss(0, 0.03) for step in range(MOST)]
        if diverge and number % 7 == 3:
            curve[4:] = [math.nan] * (MOST - 4)
        found.append(curve)
    return found


def optunas(asked: Plan, given: list[list[float]], *, maximise: bool) -> list[int | None]:
    """Return after how many reports Optuna's own study stops each trial, None where it does not."""
    study = optuna.create_study(
        study_name=study_name(asked), direction="maximize" if maximise else "minimize",
        pruner=pruner_of(asked, MOST), sampler=optuna.samplers.RandomSampler(seed=1),
    )  # fmt: skip
    stops: list[int | None] = []
    for curve in given:
        trial = study.ask()
        stop = None
        for step, value in enumerate(curve, 1):
            trial.report(value, step)
            if step < MOST and trial.should_prune():
                stop = step
                break
        if stop is not None:
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
        elif math.isnan(curve[-1]):
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
        else:
            study.tell(trial, curve[-1])
        stops.append(stop)
    return stops


def ours(asked: Plan, given: list[list[float]], *, maximise: bool, burst: int) -> list[int | None]:
    """Return the same of a sweep whose members report `burst` values at a look; every look begins anew."""
    members: list[Tried] = []
    stops: list[int | None] = []
    for position, curve in enumerate(given):
        members.append(Tried({}))
        stop = None
        for n in [*range(burst, MOST, burst), MOST]:
            (found,) = verdicts(asked, members, {position: curve[:n]}, MOST, "level", maximise=maximise)
            if found.reason:
                words = found.reason.partition("after ")[2]
                stop = int(words.split()[0])
            members[position] = dataclasses.replace(members[position], reports=found.values, rungs=found.rungs)
            if stop is not None:
                break
        ended = None if stop is not None or math.isnan(curve[-1]) else curve[-1]
        members[position] = dataclasses.replace(
            members[position], live=False, objective=ended, stopped_early=stop is not None
        )
        stops.append(stop)
    return stops


@pytest.mark.parametrize("maximise", [True, False])
@pytest.mark.parametrize(
    "pruner",
    [Pruner(kind="median"), Pruner(kind="median", startup=2), Pruner(kind="successive_halving"),
     Pruner(kind="successive_halving", reduction=2), Pruner(kind="hyperband"), Pruner(kind="hyperband", reduction=2)],
    ids=lambda each: f"{each.kind}-{each.reduction or each.startup}",
)  # fmt: skip
def test_members_are_stopped_where_optuna_stops_them(pruner: Pruner, maximise: bool) -> None:
    for seed in (0, 1):
        asked = plan("random", seed, pruner=pruner)
        given = curves(seed, diverge=seed == 1)
        expected = optunas(asked, given, maximise=maximise)
        assert ours(asked, given, maximise=maximise, burst=1) == expected
        assert 5 < sum(stop is not None for stop in expected) < N


def test_a_look_that_finds_several_reports_decides_as_one_that_finds_them_one_by_one() -> None:
    asked = plan("random", pruner=Pruner(kind="successive_halving", reduction=2))
    given = curves(3)
    assert ours(asked, given, maximise=True, burst=4) == ours(asked, given, maximise=True, burst=1)


def test_no_pruner_stops_nobody() -> None:
    assert ours(plan("random"), curves(0), maximise=True, burst=1) == [None] * N


def test_a_spared_an_ended_and_a_complete_member_are_not_stopped() -> None:
    asked = plan("random", pruner=Pruner(kind="median", startup=1))
    best = Tried({}, live=False, objective=0.9, reports=(0.9,) * MOST)
    weak = Tried({})
    reported = {1: [0.1, 0.1]}
    (found,) = verdicts(asked, [best, weak], reported, MOST, "level", maximise=True)
    assert found.reason == "below the median after 1 level"
    assert verdicts(asked, [best, weak], reported, MOST, "level", maximise=False)[0].reason == ""
    for other in (dataclasses.replace(weak, spared=True), dataclasses.replace(weak, live=False)):
        (found,) = verdicts(asked, [best, other], reported, MOST, "level", maximise=True)
        assert (found.values, found.reason) == ((0.1, 0.1), "")
    (last,) = verdicts(asked, [best, weak], {1: [0.1]}, 1, "level", maximise=True)
    assert last.reason == ""


def test_reasons_are_words() -> None:
    best = Tried({}, live=False, objective=0.9, reports=(0.9,) * 4, rungs={"completed_rung_0": 0.9})
    halving = plan("random", pruner=Pruner(kind="successive_halving"))
    members = [best, best, best, best, Tried({})]
    (found,) = verdicts(halving, members, {4: [0.1]}, MOST, "level", maximise=True)
    assert found.reason == "not among the best 1 in 4 after 1 level (successive halving)"
    assert found.rungs == {"completed_rung_0": 0.1}
    (gone,) = verdicts(halving, members, {4: [math.nan]}, MOST, "level", maximise=True)
    assert gone.reason == "a training diverged (after 1 level)"


def test_the_sampler_gets_stopped_members_as_pruned_trials() -> None:
    asked = plan("adaptive", pruner=Pruner(kind="hyperband"))
    values = {"optimizer.lr": 0.01, "pruning.rate": 0.5, "mode": "iterative"}
    members = [
        Tried(values, live=False, objective=0.5, reports=(0.4, 0.5)),
        Tried({**values, "optimizer.lr": 0.1}, live=False, stopped_early=True, reports=(0.1,)),
        Tried({**values, "optimizer.lr": 0.2}, live=False),
        Tried({**values, "optimizer.lr": 0.3}),
    ]
    study = study_of(asked, members, (), 4, maximise=True, most=MOST)
    assert [trial.state.name for trial in study.trials] == ["COMPLETE", "PRUNED", "FAIL", "RUNNING"]
    assert study.trials[1].intermediate_values == {1: 0.1}
    assert isinstance(study.pruner, optuna.pruners.HyperbandPruner)
    assert study.best_trial.number == 0
