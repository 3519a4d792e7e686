"""The step of a training: who is asked for a second gradient, and what becomes of a decomposition that fails."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from workers.science.optim import adamw, muon, sgd, shampoo, soap
from workers.science.optim.step import step
from workers.science.random import generator

Build = Callable[[nn.Module], list[torch.optim.Optimizer]]


def never() -> None:
    raise AssertionError("asked for a second gradient")


def network(fill: float) -> nn.Module:
    model = nn.Sequential(nn.Linear(4, 5), nn.Linear(5, 5), nn.Linear(5, 2))
    for i, p in enumerate(model.parameters()):
        nn.init.zeros_(p)
        p.grad = torch.randn(p.shape, generator=generator(0, i)) * fill
    return model


@pytest.mark.parametrize("build", [sgd.build, adamw.build, muon.build])
def test_it_is_the_step_of_each_optimizer(build: Build) -> None:
    ours, plain = network(1.0), network(1.0)
    step(build(ours), never)
    for optimizer in build(plain):
        optimizer.step()
    assert all(torch.equal(a, b) for a, b in zip(ours.parameters(), plain.parameters(), strict=True))
    assert any((p != 0).any() for p in ours.parameters())


@pytest.mark.parametrize("build", [shampoo.build, soap.build])
@pytest.mark.parametrize("bad", [torch.nan, torch.inf])
def test_a_gradient_that_is_not_finite_makes_the_weights_nan(build: Build, bad: float) -> None:
    model = network(bad)
    optimizers = build(model)
    for _ in range(3):
        for p in model.parameters():
            p.grad = torch.full_like(p, bad)
        step(optimizers, never)
    assert all(p.isnan().any() for p in model.parameters() if p.ndim == 2)


@pytest.mark.parametrize("build", [shampoo.build, soap.build])
def test_so_do_memories_that_overflow(build: Build) -> None:
    model = network(1e30)
    optimizers = build(model)
    for _ in range(3):
        step(optimizers, never)
    assert all(p.isnan().any() for p in model.parameters() if p.ndim == 2)


class Failing(torch.optim.Optimizer):
    """Whose decomposition fails on numbers that are finite."""

    def __init__(self, parameters: list[Tensor]) -> None:
        super().__init__(parameters, {"lr": 1.0})

    def step(self, closure: object = None) -> None:  # type: ignore[override]  # noqa: ARG002
        """Decompose a matrix that is not positive definite."""
        torch.linalg.cholesky(-torch.eye(2))


def test_any_other_failure_is_raised() -> None:
    model = network(1.0)
    with pytest.raises(torch.linalg.LinAlgError):  # type: ignore[attr-defined]
        step([Failing(list(model.parameters()))], never)
    assert all((p == 0).all() for p in model.parameters())
