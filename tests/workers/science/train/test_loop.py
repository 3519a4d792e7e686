"""The loop: which batches, which steps, what masks guarantee after every step, and how it ends."""

import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from math import isnan
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, linear

from tests.workers.science.train.loop_runs import (
    BATCH,
    FORGETFUL,
    OF_DIRECTIONS,
    go,
    network,
    order,
    pruned,
)
from workers.science.data import digits
from workers.science.data.dataset import Dataset
from workers.science.metrics.evaluate import evaluate
from workers.science.models import conv_2, lenet_300_100
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
from workers.science.schedules.step_decay import factor as step_decay
from workers.science.train.events import Evaluated, Tick


@pytest.fixture(scope="module")
def data() -> Dataset:
    return digits.load(Path())


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
