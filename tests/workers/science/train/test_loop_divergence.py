"""Trainings that diverge end at that step."""

from collections.abc import Callable
from math import isnan
from pathlib import Path

import pytest
import torch

from tests.workers.science.train.loop_runs import (
    EXPLODE,
    go,
    network,
)
from workers.science.data import digits
from workers.science.data.dataset import Dataset
from workers.science.optim import (
    dualised,
    sam,
    sgd,
    shampoo,
    soap,
    spectral_sgd,
)
from workers.science.train.events import Diverged, Evaluated, Tick
from workers.science.train.loop import CHECK_EVERY


@pytest.fixture(scope="module")
def data() -> Dataset:
    return digits.load(Path())


@pytest.mark.parametrize("eval_every", [1, 7, 1000])
def test_a_loss_that_is_not_finite_ends_the_training_at_its_step(data: Dataset, eval_every: int) -> None:
    ends = []
    for _ in range(2):
        model = network()
        moments = list(go(data, model, EXPLODE(model), steps=1000, eval_every=eval_every))
        ends.append(moments[-1])
        rows = [m for m in moments if isinstance(m, Evaluated)]
        assert all(isnan(row.train_loss) for row in rows[:1])
        assert all(row.step <= moments[-1].step for row in rows)
    assert isinstance(ends[0], Diverged)
    assert ends[0] == ends[1]
    assert 0 < ends[0].step < CHECK_EVERY


def test_a_network_that_starts_broken_diverges_at_its_start(data: Dataset) -> None:
    model = network()
    with torch.no_grad():
        next(model.parameters()).fill_(float("nan"))
    moments = [m for m in go(data, model, sgd.build(model)) if not isinstance(m, Tick)]
    assert moments == [Diverged(0)]


def test_divergence_is_noticed_between_rows(data: Dataset) -> None:
    """Long before an evaluation is due, so that nobody waits for a dead network."""
    model = network()
    ticks = list(go(data, model, EXPLODE(model), steps=1_000, eval_every=1_000))
    assert ticks[-1].step <= CHECK_EVERY


@pytest.mark.parametrize("build", [shampoo.build, soap.build, dualised.build, spectral_sgd.build, sam.build])
def test_every_optimizer_may_diverge(data: Dataset, build: Callable[..., list[torch.optim.Optimizer]]) -> None:
    model = network()
    optimizers = build(model, lr=100.0)
    for group in optimizers[0].param_groups:
        group["lr"] = 1e18
    moments = list(go(data, model, optimizers, steps=300, eval_every=300))
    assert isinstance(moments[-1], Diverged)
