"""A training that was killed half way goes on to the bit: every optimizer, dense and sparse, in one process or two."""

import json
from math import inf
from typing import Any

import pytest
import torch

from app.kinds.lottery.spec import LotteryKey, LotterySpec
from app.methods.catalog import CATALOG
from tests.workers.science.experiments.lottery_runs import NOWHERE, SMALL, lasting, resumed_from, unstacked
from tests.workers.science.experiments.situations import distinct
from tests.workers.science.experiments.test_erasure import small as small_erasure
from workers.science.experiments import erasure, training_checkpoint
from workers.science.experiments.clock import Clock
from workers.science.experiments.lottery import run
from workers.science.experiments.training_checkpoint import TrainingCheckpoint
from workers.science.models import lenet_300_100
from workers.science.optim import adam, sgd
from workers.science.outputs import Checkpoint, Output, Resume
from workers.science.train import loop
from workers.science.train.dense import Dense
from workers.science.train.state import LoopState

pytestmark = pytest.mark.usefixtures("narrow")

ONE: dict[str, Any] = {**SMALL, "levels": 1, "branches": [], "steps": 7, "eval_every": 3}


def spec(**fields: Any) -> LotterySpec:
    return LotterySpec.model_validate(ONE | fields)


def ran(spec: LotterySpec, resume: Resume | None = None, csr_below: float = 0.0, every_s: float = 0.0) -> list[Output]:
    """Saved at every moment that a training could be saved at, unless `every_s` is more."""
    outputs = run(
        spec, 0, datasets_dir=NOWHERE, resume=resume, plan={"tuned": {"csr_below": csr_below}}, clock=Clock(every_s)
    )
    return list(unstacked(outputs))


def without_checkpoints(outputs: list[Output]) -> list[str]:
    return lasting(output for output in outputs if not isinstance(output, Checkpoint))


def halves(outputs: list[Output]) -> list[int]:
    """Where checkpoints lie within a training."""
    return [i for i, output in enumerate(outputs) if isinstance(output, Checkpoint) and "unfinished" in output.state]


def check(spec: LotterySpec, csr_below: float = 0.0) -> None:
    whole = ran(spec, csr_below=csr_below)
    keys = halves(whole)
    assert len(keys) >= 2
    for at in sorted({*keys} & {*distinct(whole)}):
        rest = ran(spec, resumed_from(whole[: at + 1]), csr_below, every_s=inf)
        assert without_checkpoints(whole[: at + 1]) + without_checkpoints(rest) == without_checkpoints(whole)


@pytest.mark.parametrize("kind", CATALOG["optimizer"])
def test_every_optimizer_goes_on_to_the_bit(kind: str) -> None:
    check(spec(optimizer={"kind": kind}))


def test_sparse_training_goes_on_to_the_bit() -> None:
    experiment = spec(levels=2, pruning={"kind": "layerwise_magnitude", "rate": 0.9, "output_rate": 0.5})
    assert any("flat" in name for item in ran(experiment, csr_below=0.5) if isinstance(item, Checkpoint)
               for name in item.tensors)  # fmt: skip
    check(experiment, csr_below=0.5)


def test_a_network_with_norms_goes_on_to_the_bit() -> None:
    check(spec(model={"kind": "resnet_20"}, levels=1, steps=3, branches=[]))


def test_snapshots_and_controls_go_on_to_the_bit() -> None:
    check(spec(rewind_step=2))
    check(spec(augmentation="pad_crop_flip"))
    check(spec(precision="bfloat16"))
    check(spec(branches=[{"kind": "reinit"}, {"kind": "shuffled"}]))


@pytest.mark.parametrize("kind", ["sgd", "adam"])
def test_an_erasure_goes_on_to_the_bit(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "TICK_S", 0.0)
    made = small_erasure(optimizers=[{"kind": kind, "lrs": (0.05, 0.1)}], steps=8)

    def ran(resume: Resume | None = None) -> list[Output]:
        return list(erasure.run(made, 0, datasets_dir=NOWHERE, resume=resume, clock=Clock(0.0)))

    whole = ran()
    keys = halves(whole)
    assert len(keys) >= 2
    for at in sorted({*keys} & {*distinct(whole)}):
        rest = ran(resumed_from(whole[: at + 1]))
        assert without_checkpoints(whole[: at + 1]) + without_checkpoints(rest) == without_checkpoints(whole)


def test_losses_between_two_looks_are_kept() -> None:
    model = lenet_300_100.build((1, 8, 8), 10)
    optimizers = adam.build(model)
    state = LoopState(5, [torch.tensor(0.1), torch.tensor(0.7)], summed=0.1 + 0.2, counted=3)
    layout = Dense(model)
    remembered = layout.memory(optimizers, 0)
    saved = training_checkpoint.save(LotteryKey(level=1), state, layout.raw(0), remembered, mine={"a": torch.ones(2)})
    again = lenet_300_100.build((1, 8, 8), 10)
    saved.enter(Dense(again), adam.build(again), 0)
    assert all(torch.equal(a, b) for a, b in zip(again.parameters(), model.parameters(), strict=True))
    assert saved.state(torch.device("cpu")) == state
    assert saved.part("mine")["a"].tolist() == [1, 1]
    with pytest.raises(ValueError, match="1 optimizers were saved"):
        saved.enter(Dense(again), [*sgd.build(again), *sgd.build(again)], 0)
    with pytest.raises(RuntimeError, match="Missing key"):
        saved.enter(Dense(torch.nn.Linear(2, 2)), sgd.build(again), 0)


def test_several_come_back_each_with_its_own() -> None:
    begun = [
        TrainingCheckpoint(key, {"key": key.model_dump(), "loop": i}, {"network/a": torch.full((2,), i)})
        for i, key in enumerate(LotteryKey(level=1, control="reinit", draw=draw) for draw in range(12))
    ]
    told, tensors = training_checkpoint.pack_all(begun)
    again = training_checkpoint.unpack_all(json.loads(json.dumps(told)), tensors, LotteryKey)
    assert [(item.key, item.values) for item in again] == [(item.key, item.values) for item in begun]
    assert [item.part("network")["a"].tolist() for item in again] == [[i, i] for i in range(12)]


def test_the_clock_asks_once_an_interval() -> None:
    slow = Clock(1000.0)
    assert not slow.due()
    slow.hurry()
    assert slow.due()
    assert not slow.due()
    always = Clock(0.0)
    assert always.due()
    assert always.due()
