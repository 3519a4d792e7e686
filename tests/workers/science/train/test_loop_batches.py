"""The loop trains on the batches of its permutations."""

from functools import partial
from pathlib import Path

import pytest
import torch
from torch.nn.functional import cross_entropy

from tests.workers.science.train.loop_runs import (
    BATCH,
    go,
    network,
    order,
)
from workers.science.data import augmentation, digits
from workers.science.data.dataset import Dataset
from workers.science.optim import (
    sgd,
)
from workers.science.random import generator
from workers.science.schedules.step_decay import factor as step_decay
from workers.science.train.alone import train_alone
from workers.science.train.batches import Batches
from workers.science.train.dense import Dense


@pytest.fixture(scope="module")
def data() -> Dataset:
    return digits.load(Path())


def test_batches_cut_one_permutation_per_epoch_and_drop_the_rest() -> None:
    batches = Batches(10, 3, partial(order, 10))
    first, second = order(10, 0), order(10, 1)
    assert [batches[step].tolist() for step in range(4)] == [
        first[0:3].tolist(), first[3:6].tolist(), first[6:9].tolist(), second[0:3].tolist()
    ]  # fmt: skip


def test_a_batch_is_the_same_whatever_was_asked_before() -> None:
    forward, backward = (Batches(10, 3, partial(order, 10)) for _ in range(2))
    there = [forward[step].tolist() for step in range(12)]
    assert [backward[step].tolist() for step in reversed(range(12))] == there[::-1]


def test_a_batch_larger_than_the_data_is_the_data() -> None:
    assert sorted(Batches(5, 60, partial(order, 5))[7].tolist()) == [0, 1, 2, 3, 4]


def test_dense_training_is_the_plain_loop(data: Dataset) -> None:
    model, plain = network(), network()
    list(go(data, model, sgd.build(model, lr=0.1, momentum=0.9), steps=45, factor=partial(step_decay, steps=45)))
    optimizer = torch.optim.SGD(plain.parameters(), lr=0.1, momentum=0.9)
    per_epoch = len(data.train) // BATCH
    for step in range(45):
        epoch, batch = divmod(step, per_epoch)
        rows = order(len(data.train), epoch)[batch * BATCH : (batch + 1) * BATCH]
        optimizer.param_groups[0]["lr"] = 0.1 * (1 if step < 22.5 else 0.1 if step < 33.75 else 0.01)
        optimizer.zero_grad()
        cross_entropy(plain(data.train.x[rows]), data.train.y[rows]).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    for mine, reference in zip(model.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(mine, reference)


def test_batches_are_cut_as_drawn_for_their_epoch(data: Dataset) -> None:
    n = len(data.train)
    draws = [augmentation.draw(n, generator(9, "cuts", epoch)) for epoch in range(3)]
    batches = Batches(n, BATCH, partial(order, n), draws.__getitem__)
    per_epoch = n // BATCH
    for step in (2 * per_epoch + 1, 0, per_epoch, 1):  # in any order, and the cuts asked for before the rows
        epoch, batch = divmod(step, per_epoch)
        assert torch.equal(batches.cuts(step), draws[epoch][batch * BATCH : (batch + 1) * BATCH])
        assert torch.equal(batches[step], order(n, epoch)[batch * BATCH : (batch + 1) * BATCH])
    model, plain = network(), network()
    list(train_alone(Dense(model), data, sgd.build(model, lr=0.1), batches, steps=per_epoch + 3, eval_every=1000))
    optimizer = torch.optim.SGD(plain.parameters(), lr=0.1)
    for step in range(per_epoch + 3):
        rows, cuts = batches[step], batches.cuts(step)
        seen = augmentation.cut(data.train.x[rows], cuts, torch.zeros(1))
        optimizer.zero_grad()
        cross_entropy(plain(seen), data.train.y[rows]).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    for mine, reference in zip(model.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(mine, reference)
