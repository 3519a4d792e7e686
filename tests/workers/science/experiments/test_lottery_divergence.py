"""Lottery runs of which a training diverges."""

from dataclasses import replace
from math import isfinite, isnan
from typing import Any

import pytest
import torch

from app.contract.events import Progress
from app.kinds.lottery.spec import LotteryKey
from tests.workers.science.experiments.lottery_runs import (
    EXPLODE,
    SMALL,
    lasting,
    outcomes,
    ran,
    resumed_from,
    saved,
    small,
)
from workers.science.outputs import Checkpoint, Output


@pytest.fixture(scope="module")
def whole() -> list[Output]:
    return ran(small())


def test_a_diverged_dense_network_ends_its_replicate(whole: list[Output]) -> None:
    outputs = ran(small(optimizer=EXPLODE, steps=200, eval_every=50))
    assert list(outcomes(outputs)) == [LotteryKey()]
    outcome = outcomes(outputs)[LotteryKey()]
    assert 0 < outcome["diverged_step"] == outcome["steps"] < 100
    assert isnan(outcome["test_accuracy"])
    assert outcome["early_stop_step"] == 0
    assert outcome["early_stop_censored"] == 0
    assert saved(outputs, "ticket") == {}
    last = [output for output in outputs if isinstance(output, Progress)][-1]
    assert last.done == last.total == outcome["diverged_step"]
    assert list(ran(small(optimizer=EXPLODE, steps=200), resumed_from(outputs))) == [last]
    spec = small(optimizer=EXPLODE, steps=200, eval_every=50, rewind_step=150)
    assert lasting(ran(spec, resumed_from(ran(spec)))) == []


def explode_at(monkeypatch: pytest.MonkeyPatch, bad: LotteryKey) -> None:
    """Makes the training at `bad` start from weights that are not finite."""
    from workers.science.experiments.trainer import Plan, Trainer

    train = Trainer.train

    def spy(self: Trainer, plan: Plan) -> Any:
        broken = {name: torch.full_like(tensor, torch.inf) for name, tensor in plan.weights.items()}
        return train(self, replace(plan, weights=broken) if plan.key == bad else plan)

    monkeypatch.setattr(Trainer, "train", spy)


def test_a_diverged_ticket_ends_the_chain_but_not_its_level(monkeypatch: pytest.MonkeyPatch) -> None:
    explode_at(monkeypatch, LotteryKey(level=1))
    outputs = ran(small(levels=3))
    finished = {key: isfinite(outcome["test_accuracy"]) for key, outcome in outcomes(outputs).items()}
    assert finished == {
        LotteryKey(level=0): True,
        LotteryKey(level=1): False,
        LotteryKey(level=1, control="reinit"): True,
        LotteryKey(level=1, control="reinit", draw=1): True,
        LotteryKey(level=1, control="shuffled"): True,
    }
    assert [output.state["diverged"] for output in outputs if isinstance(output, Checkpoint)][-1] == [
        LotteryKey(level=1).model_dump()
    ]
    # Resumed, or extended by a level, it still ends there; another control of the level can be had.
    resume = resumed_from(outputs)
    assert lasting(ran(small(levels=4), resume)) == []
    more = ran(small(levels=4, branches=[*SMALL["branches"], {"kind": "random"}]), resume)
    assert list(outcomes(more)) == [LotteryKey(level=1, control="random")]


def test_in_one_shot_a_diverged_ticket_ends_only_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    explode_at(monkeypatch, LotteryKey(level=1))
    outputs = ran(small(mode="one_shot", branches=[]))
    assert [isfinite(o["test_accuracy"]) for o in outcomes(outputs).values()] == [True, False, True]


def test_a_diverged_control_ends_only_itself(monkeypatch: pytest.MonkeyPatch, whole: list[Output]) -> None:
    bad = LotteryKey(level=1, control="reinit")
    explode_at(monkeypatch, bad)
    ours = outcomes(ran(small()))
    assert ours[bad]["diverged_step"] == 0
    assert isnan(ours[bad]["early_stop_step"])
    expected = outcomes(whole)
    assert {str(p): str(o) for p, o in ours.items() if p != bad} == {
        str(p): str(o) for p, o in expected.items() if p != bad
    }
