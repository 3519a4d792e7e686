"""The loop: which batches, which steps, what masks guarantee after every step, and how it ends."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from math import isnan
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, linear

from workers.science.data import augmentation, digits
from workers.science.data.dataset import Dataset
from workers.science.metrics.evaluate import evaluate
from workers.science.models import conv_2, lenet_300_100
from workers.science.models.init import initialise
from workers.science.models.prunable import prunable
from workers.science.optim import (
    adam,
    adamw,
    dualised,
    frobenius_sgd,
    lion,
    momentum_sgd,
    muon,
    rmsprop,
    sam,
    sgd,
    shampoo,
    soap,
    spectral_sgd,
)
from workers.science.pruning import layerwise_magnitude
from workers.science.pruning.context import PruningContext
from workers.science.random import generator
from workers.science.schedules.step_decay import factor as step_decay
from workers.science.train.alone import train_alone
from workers.science.train.batches import Batches
from workers.science.train.dense import Dense
from workers.science.train.events import Diverged, Evaluated, Event, Tick
from workers.science.train.loop import CHECK_EVERY

BATCH = 60
# Weights grow 99-fold a step, where a high rate alone may just kill every ReLU and stay finite.
EXPLODE = partial(sgd.build, lr=100.0, weight_decay=1.0)
# These remember nothing, or nothing of single weights.
FORGETFUL = ("shampoo", "dualised", "spectral_sgd", "frobenius_sgd")
# Of rows and columns, and of directions in the eigenbasis: shaped as a square kernel, or any, and of no one weight.
OF_DIRECTIONS = {("Shampoo", f"{kind}_{axis}") for kind in ("pre_cond", "inv_pre_cond") for axis in range(4)} | {
    ("SOAP", "exp_avg_sq")
}


@pytest.fixture(scope="module")
def data() -> Dataset:
    return digits.load(Path())


def order(n: int, epoch: int) -> Tensor:
    return torch.randperm(n, generator=generator(3, "order", epoch))


def network(build: Callable[..., nn.Module] = lenet_300_100.build) -> nn.Module:
    model = build((1, 8, 8), 10)
    initialise(model, generator(3, "init"))
    return model


def go(data: Dataset, model: nn.Module, optimizers: list[torch.optim.Optimizer], **knobs: Any) -> Iterator[Event]:
    batches = Batches(len(data.train), BATCH, partial(order, len(data.train)))
    layout = Dense(model, autocast=knobs.pop("autocast", None))
    return train_alone(layout, data, optimizers, batches, **{"steps": 30, "eval_every": 10} | knobs)


def pruned(model: nn.Module, rate: float = 0.8) -> dict[str, Tensor]:
    full = {name: torch.ones(layer.shape, dtype=torch.bool) for name, layer in prunable(model).items()}
    return layerwise_magnitude.prune(
        PruningContext(model.state_dict(), full, prunable(model)), rate=rate, conv_rate=rate, output_rate=rate
    )


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


def test_in_sixteen_bits_products_are_and_weights_and_evaluations_are_not(data: Dataset) -> None:
    """The same steps with every cast written out."""
    model, plain, full = network(), network(), network()
    knobs: dict[str, Any] = {"steps": 12, "eval_every": 12}
    rows = [m for m in go(data, model, sgd.build(model, lr=0.1), **knobs, autocast=torch.bfloat16)
            if isinstance(m, Evaluated)]  # fmt: skip
    optimizer = torch.optim.SGD(plain.parameters(), lr=0.1)
    losses = []
    for step in range(12):
        batch = order(len(data.train), 0)[step * BATCH : (step + 1) * BATCH]
        seen = data.train.x[batch].flatten(1).bfloat16()
        for layer in plain.children():
            if isinstance(layer, nn.Linear):
                seen = linear(seen, layer.weight.bfloat16(), layer.bias.bfloat16())
            elif isinstance(layer, nn.ReLU):
                seen = seen.relu()
        loss = cross_entropy(seen.float(), data.train.y[batch])
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    for mine, reference in zip(model.parameters(), plain.parameters(), strict=True):
        assert mine.dtype == torch.float32
        torch.testing.assert_close(mine, reference)
    assert rows[-1].train_loss == pytest.approx(sum(losses) / 12)
    assert rows[-1].test_loss == pytest.approx(evaluate(model, data.test).loss, rel=1e-5)
    list(go(data, full, sgd.build(full, lr=0.1), **knobs))
    assert not all(torch.equal(a, b) for a, b in zip(model.parameters(), full.parameters(), strict=True))


def test_rows_come_at_the_start_every_so_often_and_at_the_end(data: Dataset) -> None:
    model = network()
    rows = [m for m in go(data, model, adam.build(model), steps=35) if isinstance(m, Evaluated)]
    assert [row.step for row in rows] == [0, 10, 20, 30, 35]
    assert isnan(rows[0].train_loss)
    assert all(row.train_loss > 0 for row in rows[1:])
    end = evaluate(model, data.test)
    assert rows[-1].test_accuracy == end.accuracy
    assert rows[-1].test_loss == pytest.approx(end.loss, rel=1e-5)
    assert rows[-1].validation_accuracy == evaluate(model, data.validation).accuracy


def test_train_loss_is_the_mean_over_the_minibatches_between_rows(data: Dataset) -> None:
    losses = {}
    for every in (1, 5):
        model = network()
        rows = [m for m in go(data, model, sgd.build(model), steps=10, eval_every=every) if isinstance(m, Evaluated)]
        losses[every] = [row.train_loss for row in rows[1:]]
    each = losses[1]
    assert losses[5] == pytest.approx([sum(each[:5]) / 5, sum(each[5:]) / 5])


def test_gradients_left_by_somebody_else_do_not_count(data: Dataset) -> None:
    clean, dirty = network(), network()
    for parameter in dirty.parameters():
        parameter.grad = torch.ones_like(parameter)
    for model in (clean, dirty):
        list(go(data, model, sgd.build(model), steps=2, eval_every=2))
    assert all(torch.equal(a, b) for a, b in zip(clean.parameters(), dirty.parameters(), strict=True))


@pytest.mark.parametrize("build_model", [lenet_300_100.build, conv_2.build], ids=["lenet", "conv"])
@pytest.mark.parametrize(
    "build_optimizers",
    [
        partial(sgd.build, lr=0.1, momentum=0.9, weight_decay=0.1),
        partial(adam.build, weight_decay=0.1),
        partial(adamw.build, weight_decay=0.1),
        partial(muon.build, weight_decay=0.1),
        partial(momentum_sgd.build, weight_decay=0.1),
        partial(rmsprop.build, weight_decay=0.1),
        partial(lion.build, weight_decay=0.1),
        partial(sam.build, weight_decay=0.1),
        partial(soap.build, weight_decay=0.1),
        partial(shampoo.build, weight_decay=0.1),
        dualised.build,
        spectral_sgd.build,
        frobenius_sgd.build,
    ],
    ids=["sgd", "adam", "adamw", "muon", *("momentum_sgd", "rmsprop", "lion", "sam", "soap"), *FORGETFUL],
)
def test_pruned_weights_and_what_is_remembered_of_them_are_zero_after_every_step(
    data: Dataset,
    build_model: Callable[..., nn.Module],
    build_optimizers: Callable[[nn.Module], list[torch.optim.Optimizer]],
    request: pytest.FixtureRequest,
) -> None:
    model = network(build_model)
    masks = pruned(model)
    named = dict(model.named_parameters())
    before = {name: named[name].detach().clone() for name in masks}
    optimizers = build_optimizers(model)
    # States live under the tensors that optimizers hold, which for Muon are views of the kernels.
    dead = {named[name].data_ptr(): ~mask for name, mask in masks.items()}
    steps, remembered = 4, 0
    for moment in go(data, model, optimizers, steps=steps, eval_every=steps, masks=masks, stops=range(steps + 1)):
        assert all((named[name][~mask] == 0).all() for name, mask in masks.items()), moment
        for optimizer in optimizers:
            for tensor, state in optimizer.state.items():
                for name, kept in state.items():
                    if (type(optimizer).__name__, name) in OF_DIRECTIONS:
                        continue
                    if tensor.data_ptr() in dead and isinstance(kept, Tensor) and kept.shape == tensor.shape:
                        assert (kept[dead[tensor.data_ptr()].reshape(kept.shape)] == 0).all()
                        remembered += 1
    assert (remembered > 0) == (not request.node.callspec.id.startswith(FORGETFUL))
    # The survivors did move, and none of them died.
    for name, mask in masks.items():
        assert (named[name][mask] != before[name][mask]).float().mean() > 0.5


def test_masks_hold_before_the_first_evaluation(data: Dataset) -> None:
    model, masked = network(), network()
    masks = pruned(model, 0.9)
    first = next(m for m in go(data, model, sgd.build(model), masks=masks) if isinstance(m, Evaluated))
    with torch.no_grad():
        for name, parameter in masked.named_parameters():
            if name in masks:
                parameter.mul_(masks[name])
    assert first.test_accuracy == evaluate(masked, data.test).accuracy


def test_a_later_start_sees_the_batches_and_rates_of_the_whole(data: Dataset) -> None:
    """Without optimizer memory, stopping at step 13 and going on is the same as never having stopped."""
    whole, parts = network(), network()
    factor = partial(step_decay, steps=30)
    list(go(data, whole, sgd.build(whole), factor=factor))
    for moment in go(data, parts, sgd.build(parts), factor=factor, stops=(13,)):
        if isinstance(moment, Tick) and moment.step == 13:
            break
    rows = [m for m in go(data, parts, sgd.build(parts), start=13, factor=factor) if isinstance(m, Evaluated)]
    assert [row.step for row in rows] == [13, 20, 30]
    assert isnan(rows[0].train_loss)
    assert all(torch.equal(a, b) for a, b in zip(whole.parameters(), parts.parameters(), strict=True))


def test_a_tick_comes_at_least_every_tenth_of_a_second(data: Dataset) -> None:
    model = network()
    times = [time.monotonic()]
    for _ in go(data, model, adam.build(model), steps=400, eval_every=400):
        times.append(time.monotonic())  # noqa: PERF401 (a time as soon as it comes)
    assert len(times) > 5
    assert sorted(b - a for a, b in pairwise(times))[-2] < 0.1


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


def test_sam_takes_its_second_gradient_of_the_same_batch_and_under_the_masks(data: Dataset) -> None:
    model, plain = network(), network()
    masks = pruned(model)
    list(go(data, model, sam.build(model, lr=0.1, rho=0.5, momentum=0.0), steps=3, masks=masks))
    named = dict(plain.named_parameters())

    def gradients(rows: Tensor) -> None:
        plain.zero_grad()
        cross_entropy(plain(data.train.x[rows]), data.train.y[rows]).backward()  # type: ignore[no-untyped-call]

    @torch.no_grad()
    def keep(of_gradients: bool) -> None:
        for name, mask in masks.items():
            (named[name].grad if of_gradients else named[name]).mul_(mask)  # type: ignore[union-attr]

    keep(of_gradients=False)
    for step in range(3):
        rows = order(len(data.train), 0)[step * BATCH : (step + 1) * BATCH]
        gradients(rows)
        keep(of_gradients=True)
        here = [p.detach().clone() for p in plain.parameters()]
        with torch.no_grad():
            norm = torch.cat([p.grad.flatten() for p in plain.parameters() if p.grad is not None]).norm()
            for p in plain.parameters():
                p.add_(0.5 * p.grad / norm)  # type: ignore[operator]
        gradients(rows)
        keep(of_gradients=True)
        with torch.no_grad():
            for p, start in zip(plain.parameters(), here, strict=True):
                p.copy_(start - 0.1 * p.grad)  # type: ignore[operator]
    for mine, reference in zip(model.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(mine, reference)


@pytest.mark.parametrize("build", [shampoo.build, soap.build, dualised.build, spectral_sgd.build, sam.build])
def test_every_optimizer_may_diverge(data: Dataset, build: Callable[..., list[torch.optim.Optimizer]]) -> None:
    model = network()
    optimizers = build(model, lr=100.0)
    for group in optimizers[0].param_groups:
        group["lr"] = 1e18
    moments = list(go(data, model, optimizers, steps=300, eval_every=300))
    assert isinstance(moments[-1], Diverged)


@pytest.mark.parametrize(
    "build_optimizers",
    [
        *(sgd.build, adam.build, adamw.build, muon.build, momentum_sgd.build, rmsprop.build, lion.build, sam.build),
        *(soap.build, shampoo.build, dualised.build, spectral_sgd.build, frobenius_sgd.build),
    ],
)
def test_the_same_start_gives_the_same_bits(
    data: Dataset, build_optimizers: Callable[[nn.Module], list[torch.optim.Optimizer]]
) -> None:
    ends = []
    for _ in range(2):
        model = network()
        moments = [m for m in go(data, model, build_optimizers(model), masks=pruned(model)) if not isinstance(m, Tick)]
        ends.append((moments[1:], [p.detach() for p in model.parameters()]))
    assert ends[0][0] == ends[1][0]
    assert all(torch.equal(a, b) for a, b in zip(ends[0][1], ends[1][1], strict=True))
