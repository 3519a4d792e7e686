"""A watched matrix is shown as in a loop written out by hand, up to where the training diverges."""

from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor

from workers.science.data.dataset import Dataset, Split
from workers.science.erasure.network import build, initialise
from workers.science.train.batches import Batches
from workers.science.train.dense import Dense
from workers.science.train.events import Diverged, Event, Observed, SlotEvent, Tick
from workers.science.train.layout import Layout
from workers.science.train.loop import train
from workers.science.train.observation import Observe
from workers.science.train.state import LoopState
from workers.science.train.task import REGRESSION

DRAW = torch.Generator().manual_seed(0)
SPLIT = Split(torch.rand(40, 1, 3, 3, generator=DRAW), torch.randint(10, (40,), generator=DRAW))
DATA = Dataset("drawn", SPLIT, SPLIT, SPLIT, n_classes=10)
CHECK_EVERY = 50
mse = REGRESSION.loss


def fresh() -> torch.nn.Module:
    model = build(9, 8, 10)
    initialise(model, torch.Generator().manual_seed(1))
    return model


def batches() -> Batches:
    return Batches(40, 10, lambda epoch: torch.randperm(40, generator=torch.Generator().manual_seed(epoch)))


def observe(
    layout: Layout,
    watched: Mapping[int, Tensor],
    optimizers: Sequence[torch.optim.Optimizer],
    states: Mapping[int, LoopState],
    steps: tuple[int, ...],
) -> Iterator[SlotEvent]:
    feed = layout.feed(DATA, dict.fromkeys(states, batches()), steps[-1])
    hook = Observe(watched, frozenset(steps), lambda: layout.gradients(*feed(0)))
    return train(
        layout, optimizers, feed, states, [hook], steps=steps[-1], measured=frozenset(steps), check_every=CHECK_EVERY
    )


def alone(model: torch.nn.Module, optimizer: torch.optim.Optimizer, steps: tuple[int, ...]) -> Iterator[Event]:
    watched = {0: model.get_parameter("fc2.weight")}
    for _, event in observe(Dense(model, REGRESSION), watched, [optimizer], {0: LoopState()}, steps):
        yield event


def test_mse_is_the_mean_over_examples_and_outputs() -> None:
    outputs, y = torch.tensor([[1.0, 2.0], [0.0, 0.0]]), torch.tensor([1, 0])
    assert mse(outputs, y).item() == ((1 - 0) ** 2 + (2 - 1) ** 2 + (0 - 1) ** 2 + 0) / 4


def test_looks_come_at_their_moments_and_show_what_a_plain_loop_makes() -> None:
    model = fresh()
    watched = model.get_parameter("fc2.weight")
    optimizer = torch.optim.SGD(model.parameters(), lr=0.3)
    shots = {}
    for moment in alone(model, optimizer, (0, 1, 3, 6)):
        if isinstance(moment, Observed):
            shots[moment.step] = (moment, watched.detach().clone())
    assert list(shots) == [0, 1, 3, 6]

    plain, losses, order = fresh(), [], batches()
    for step in range(6):
        rows = order[step]
        loss = mse(plain(SPLIT.x[rows]), SPLIT.y[rows])
        gradients = torch.autograd.grad(loss, list(plain.parameters()))
        losses.append(loss.item())
        before = plain.get_parameter("fc2.weight").detach().clone()
        with torch.no_grad():
            for parameter, gradient in zip(plain.parameters(), gradients, strict=True):
                parameter.sub_(0.3 * gradient)
        if step + 1 in shots:
            look, weights = shots[step + 1]
            now = plain.get_parameter("fc2.weight").detach()
            assert torch.allclose(weights, now, atol=1e-7)
            assert look.gradient is not None
            assert look.update is not None
            assert torch.allclose(look.gradient, gradients[1], atol=1e-7)
            assert torch.allclose(look.update, now - before, atol=1e-7)
    assert [round(shots[step][0].loss, 6) for step in (0, 1, 3, 6)] == [
        round(value, 6) for value in (losses[0], losses[0], sum(losses[1:3]) / 2, sum(losses[3:]) / 3)
    ]
    assert shots[0][0].update is None


def test_a_training_that_diverges_says_where_and_shows_nothing_after() -> None:
    model = fresh()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e30)
    moments = list(alone(model, optimizer, (0, 1, 2, 5, 20, 400)))
    *others, last = moments
    assert isinstance(last, Diverged)
    assert all(isinstance(moment, Observed | Tick) for moment in others)
    looks = [moment for moment in others if isinstance(moment, Observed)]
    assert all(look.step <= last.step for look in looks)
    assert looks[-1].step < 400
    # The first loss that is not finite, in a loop of its own.
    plain, order = fresh(), batches()
    optimizer = torch.optim.SGD(plain.parameters(), lr=1e30)
    for step in range(400):
        optimizer.zero_grad()
        loss = mse(plain(SPLIT.x[order[step]]), SPLIT.y[order[step]])
        if not torch.isfinite(loss):
            break
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    assert last.step in (step, step - 1)
