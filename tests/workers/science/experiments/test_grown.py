"""A run that grows while a replicate is half done says first what its log may hold of the training in progress."""

from collections.abc import Callable, Iterable
from functools import partial
from itertools import pairwise
from math import inf
from typing import Any

import pytest

from app.contract.events import Measured
from app.contract.experiment import Experiment
from tests.workers.science.experiments.lottery_runs import NOWHERE, lasting, resumed_from, said, small, unstacked
from tests.workers.science.experiments.situations import distinct
from tests.workers.science.experiments.test_erasure import small as small_erasure
from workers.science.experiments import erasure, lottery
from workers.science.experiments.clock import Clock
from workers.science.experiments.stacked_trainer import Stack, StackedTrainer, Step, conduct
from workers.science.outputs import Checkpoint, Output, Resume, Tensors
from workers.science.train import loop

pytestmark = pytest.mark.usefixtures("narrow")

Run = Callable[[float, Experiment, Resume | None], list[Output]]


def ran(
    run: Callable[..., Iterable[Step]], every_s: float, spec: Experiment, resume: Resume | None, **more: Any
) -> list[Output]:
    return list(unstacked(run(spec, 0, datasets_dir=NOWHERE, resume=resume, clock=Clock(every_s), **more)))


def stacked(*args: Any, **more: Any) -> list[Output]:
    """The same by a trainer that has a stack of its own."""
    run, every_s, spec, resume = args
    trainer = partial(StackedTrainer, stack=Stack(1), slot=0)
    outputs = run(spec, 0, datasets_dir=NOWHERE, resume=resume, clock=Clock(every_s), trainer=trainer, **more)
    return [output for _, output in conduct({0: outputs})]


def rows(outputs: Iterable[Output]) -> list[str]:
    return lasting(output for output in outputs if not isinstance(output, Checkpoint))


def units(outputs: Iterable[Output]) -> set[str]:
    return {said(output) for output in outputs if isinstance(output, Measured | Tensors)}


def check(run: Run, every_s: float, smaller: Experiment, larger: Experiment, every: int) -> None:
    """Killed just before a checkpoint, extended, and resumed from the one before: from `every` so many situations."""
    assert larger.extends(smaller) is None
    whole, everything = run(every_s, smaller, None), units(run(inf, larger, None))
    saved = [i for i, output in enumerate(whole) if isinstance(output, Checkpoint)]
    assert len(saved) >= 3
    after = dict(pairwise(saved))
    for at in [at for at in distinct(whole) if at in after][::every]:
        logged = rows(whole[at + 1 : after[at]])
        rest = run(every_s, larger, resumed_from(whole[: at + 1]))
        assert rows(rest)[: len(logged)] == logged
        assert units(whole[: at + 1]) | units(rest) == everything
        # And once more, of the grown run: nothing is said twice.
        again = next(i for i, output in enumerate(rest) if isinstance(output, Checkpoint))
        merged = [*whole[: at + 1], *rest[: again + 1]]
        last = run(inf, larger, resumed_from(merged))
        assert rows(rest[: again + 1]) + rows(last) == rows(rest)


@pytest.mark.parametrize(("every_s", "every"), [(inf, 1), (0.0, 5)], ids=["between", "within"])
@pytest.mark.parametrize("mode", ["iterative", "one_shot"])
def test_a_lottery_run(mode: str, every_s: float, every: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "TICK_S", 0.0)
    fields: dict[str, Any] = {"levels": 2, "steps": 5, "eval_every": 2, "mode": mode}
    smaller = small(**fields, branches=[{"kind": "reinit"}])
    larger = small(**fields | {"levels": 3}, branches=[{"kind": "reinit", "draws": 2}, {"kind": "shuffled"}])
    check(partial(ran, lottery.run), every_s, smaller, larger, every)


@pytest.mark.parametrize(("every_s", "every"), [(inf, 1), (0.0, 3)], ids=["between", "within"])
def test_an_erasure(every_s: float, every: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "TICK_S", 0.0)
    smaller = small_erasure(optimizers=[{"kind": "sgd", "lrs": (0.05,)}, {"kind": "adam", "lrs": (0.01,)}], steps=5)
    grids = [{"kind": "sgd", "lrs": (0.05, 0.1)}, {"kind": "lion", "lrs": (0.001,)}, {"kind": "adam", "lrs": (0.01,)}]
    larger = small_erasure(optimizers=grids, steps=5)
    check(partial(ran, erasure.run), every_s, smaller, larger, every)


@pytest.mark.parametrize(("every_s", "every"), [(inf, 1), (0.0, 3)], ids=["between", "within"])
def test_a_lottery_run_whose_controls_are_trained_at_once(
    every_s: float, every: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is added has no place in the stacks, and comes when these have said what they began to say."""
    monkeypatch.setattr(loop, "TICK_S", 0.0)
    fields: dict[str, Any] = {"levels": 2, "steps": 5, "eval_every": 2}
    smaller = small(**fields, branches=[{"kind": "random"}, {"kind": "reinit"}])
    larger = small(
        **fields | {"levels": 3}, branches=[{"kind": "shuffled"}, {"kind": "random", "draws": 2}, {"kind": "reinit"}]
    )
    plan = {"stack_groups": smaller.stack_groups(3)}
    assert plan["stack_groups"] == ["winning_ticket/0 random/0 reinit/0"]
    check(partial(stacked, lottery.run, plan=plan), every_s, smaller, larger, every)


@pytest.mark.parametrize(("every_s", "every"), [(inf, 1), (0.0, 3)], ids=["between", "within"])
def test_an_erasure_whose_rates_are_trained_at_once(
    every_s: float, every: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "TICK_S", 0.0)
    two, one = {"kind": "sgd", "lrs": (0.05, 0.2)}, {"kind": "adam", "lrs": (0.01,)}
    smaller = small_erasure(optimizers=[two, one, {"kind": "dualised", "lrs": (0.5,)}], steps=5)
    more = [{"kind": "lion", "lrs": (0.001,)}, {"kind": "dualised", "lrs": (0.5, 0.1)}]
    larger = small_erasure(optimizers=[two | {"lrs": (0.05, 0.2, 0.1)}, one, *more], steps=5)
    plan = {"stack_groups": smaller.stack_groups(4)}
    assert [len(stack.split()) for stack in plan["stack_groups"]] == [4, 2]
    check(partial(ran, erasure.run, plan=plan), every_s, smaller, larger, every)
