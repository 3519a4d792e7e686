"""SAM against its two gradients taken by hand, alone and through the step of a training."""

from copy import deepcopy
from functools import partial

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from workers.science.models import lenet_300_100
from workers.science.models.init import initialise
from workers.science.optim import sam, sgd
from workers.science.optim.moved_by import moved_by
from workers.science.optim.step import step
from workers.science.random import generator

X = torch.randn(20, 1, 2, 3, generator=generator(0, "x"))
Y = torch.randn(20, 4, generator=generator(0, "y"))


def network() -> nn.Module:
    model = lenet_300_100.build((1, 2, 3), 4)
    initialise(model, generator(1, "init"))
    return model


def gradients(model: nn.Module) -> None:
    """Set those of the mean squared error."""
    model.zero_grad()
    mse_loss(model(X), Y).backward()  # type: ignore[no-untyped-call]


def by_hand(
    start: nn.Module, steps: int, *, lr: float, rho: float, momentum: float, weight_decay: float
) -> list[Tensor]:
    """Both gradients from autograd on explicit weights, in double precision."""
    model = start.double()
    names = [name for name, _ in model.named_parameters()]
    w = [p.detach().clone() for p in model.parameters()]
    velocity = [torch.zeros_like(p) for p in w]

    def gradient(at: list[Tensor]) -> list[Tensor]:
        leaves = [p.clone().requires_grad_() for p in at]
        out = torch.func.functional_call(model, dict(zip(names, leaves, strict=True)), (X.double(),))
        return list(torch.autograd.grad(mse_loss(out, Y.double()), leaves))

    for _ in range(steps):
        g = gradient(w)
        norm = sum(float((part**2).sum()) for part in g) ** 0.5
        uphill = gradient([p + rho * part / norm for p, part in zip(w, g, strict=True)])
        velocity = [momentum * v + g + weight_decay * p for v, g, p in zip(velocity, uphill, w, strict=True)]
        w = [p - lr * v for p, v in zip(w, velocity, strict=True)]
    return w


def test_steps_are_those_of_the_paper() -> None:
    knobs = {"lr": 0.1, "rho": 0.5, "momentum": 0.8, "weight_decay": 0.01}
    model = network()
    optimizers = sam.build(model, **knobs)
    for _ in range(5):
        gradients(model)
        step(optimizers, partial(gradients, model))
    for ours, expected in zip(model.parameters(), by_hand(network(), 5, **knobs), strict=True):
        torch.testing.assert_close(ours.detach().double(), expected, rtol=1e-4, atol=1e-5)
    # The second gradient matters: plain SGD ends elsewhere.
    plain = network()
    (optimizer,) = sgd.build(plain, lr=0.1, momentum=0.8, weight_decay=0.01)
    for _ in range(5):
        gradients(plain)
        optimizer.step()
    apart = [(a - b).abs().max() for a, b in zip(model.parameters(), plain.parameters(), strict=True)]
    assert max(apart) > 0.005


def test_on_a_parabola_it_is_the_closed_form() -> None:
    """f = Σ a w² / 2: the gradient uphill is a (w + rho a w / ‖a w‖)."""
    a, w, lr, rho = np.array([1.0, 10.0]), np.array([3.0, -0.4]), 0.05, 0.2
    weights = nn.Parameter(torch.tensor(w))

    def again() -> None:
        weights.grad = None
        (0.5 * (torch.tensor(a) * weights**2).sum()).backward()  # type: ignore[no-untyped-call]

    optimizer = sam.Sam(nn.ParameterList([weights]), lr=lr, rho=rho, momentum=0.0, weight_decay=0.0)
    for _ in range(10):
        again()
        step([optimizer], again)
        g = a * w
        w = w - lr * a * (w + rho * g / np.linalg.norm(g))
    np.testing.assert_allclose(weights.detach().numpy(), w, rtol=1e-12)


def test_the_closure_sees_weights_rho_away_and_they_come_back_to_the_bit() -> None:
    model = network()
    before = [p.detach().clone() for p in model.parameters()]
    distances = []

    def again() -> None:
        moved = [(p.detach() - start).norm() for p, start in zip(model.parameters(), before, strict=True)]
        distances.append(float(torch.stack(moved).norm()))
        for p in model.parameters():
            p.grad = torch.zeros_like(p)

    gradients(model)
    step(sam.build(model, rho=0.3), again)
    assert distances == pytest.approx([0.3], rel=1e-4)
    assert all(torch.equal(p, start) for p, start in zip(model.parameters(), before, strict=True))


def test_zero_and_missing_gradients_move_nothing() -> None:
    model = network()
    before = [p.detach().clone() for p in model.parameters()]
    optimizers, calls = sam.build(model), []
    step(optimizers, lambda: calls.append(1))
    assert not calls
    first = next(model.parameters())
    first.grad = torch.zeros_like(first)
    step(optimizers, lambda: calls.append(1))
    assert calls == [1]
    assert all(torch.equal(p, start) for p, start in zip(model.parameters(), before, strict=True))


def test_it_moves_everything_under_its_own_name() -> None:
    model = network()
    assert set(moved_by(model, sam.build(model)).values()) == {"Sam"}


def test_running_statistics_follow_the_first_pass_alone() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    alone = deepcopy(model)
    x = torch.randn(8, 3)

    def gradients() -> None:
        for parameter in model.parameters():
            parameter.grad = None
        model(x).square().mean().backward()

    (optimizer,) = sam.build(model, rho=5.0)
    gradients()
    alone(x)
    optimizer.step(gradients)  # type: ignore[arg-type]
    for name in ("running_mean", "running_var"):
        assert torch.equal(model.get_buffer(f"1.{name}"), alone.get_buffer(f"1.{name}"))
    gradients()
    assert not torch.equal(model.get_buffer("1.running_mean"), alone.get_buffer("1.running_mean"))
