"""The dualised optimizer and its two controls against their formulas on an SVD, and against each other."""

from collections.abc import Callable
from math import sqrt

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from workers.science.models import lenet_300_100
from workers.science.models.init import initialise
from workers.science.optim import dualised, frobenius_sgd, spectral_sgd
from workers.science.optim.moved_by import moved_by
from workers.science.random import generator

LR = 0.3
ALL = [dualised.build, spectral_sgd.build, frobenius_sgd.build]
Build = Callable[..., list[torch.optim.Optimizer]]


def network() -> nn.Module:
    model = lenet_300_100.build((1, 3, 4), 7)
    initialise(model, generator(1, "init"))
    return model


def convolutions() -> nn.Module:
    return nn.ModuleList([nn.Conv2d(2, 5, 3), nn.Conv2d(5, 40, 2), nn.Linear(40, 6)])


def gradient(shape: torch.Size | tuple[int, ...], seed: int = 0, rank: int | None = None) -> Tensor:
    key = generator(seed, "gradient", *shape)
    if rank is None or len(shape) < 2:
        return torch.randn(shape, generator=key)
    left, right = (torch.randn(side, rank, generator=key) for side in (shape[0], torch.Size(shape[1:]).numel()))
    return (left @ right.T).reshape(shape)


def update(model: nn.Module, build: Build, seed: int = 0, rank: int | None = None, lr: float = LR) -> dict[str, Tensor]:
    """What one step subtracts from each parameter."""
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    for p in model.parameters():
        p.grad = gradient(p.shape, seed, rank)
    (optimizer,) = build(model, lr=lr)
    optimizer.step()
    return {name: before[name] - p.detach() for name, p in model.named_parameters()}


def by_hand(build: Build, g: np.ndarray) -> np.ndarray:
    """The direction of a matrix in double precision, orth(G) being exact."""
    u, s, vh = np.linalg.svd(g, full_matrices=False)
    direction: np.ndarray
    if build is dualised.build:
        direction = u @ vh
    else:
        direction = g / s[0] if build is spectral_sgd.build else g / np.linalg.norm(s) * sqrt(len(s))
    return direction


@pytest.mark.parametrize("build", ALL)
@pytest.mark.parametrize("model", [network(), convolutions()], ids=["lenet", "conv"])
def test_the_first_step_is_the_formula(build: Build, model: nn.Module) -> None:
    n_kernels = sum(p.ndim >= 2 for p in model.parameters())
    for name, moved in update(model, build).items():
        g = gradient(moved.shape).double().numpy()
        if g.ndim >= 2:
            matrix = g.reshape(len(g), -1)
            direction = by_hand(build, matrix).reshape(g.shape) * sqrt(len(matrix) / matrix.shape[1])
        else:
            direction = sqrt(len(g)) * g / np.linalg.norm(g)
        expected = LR * direction / n_kernels
        error = np.linalg.norm(moved.double().numpy() - expected) / np.linalg.norm(expected)
        # Newton-Schulz leaves singular values up to 0.5 % below 1, and the power iteration its norm up to 0.3 %.
        assert error < 0.005, name


@pytest.mark.parametrize("rank", [None, 1, 3])
def test_the_spectral_norms_of_the_updates_are_equal(rank: int | None) -> None:
    model = network()
    for seed in range(5):
        ours, control = (update(model, build, seed, rank) for build in (dualised.build, spectral_sgd.build))
        for name, moved in ours.items():
            order = 2 if moved.ndim == 2 else None
            expected = torch.linalg.norm(moved, order)
            torch.testing.assert_close(torch.linalg.norm(control[name], order), expected, rtol=0.01, atol=0.0)


@pytest.mark.parametrize("rank", [None, 1, 3])
def test_the_frobenius_norms_of_the_updates_are_equal(rank: int | None) -> None:
    model = network()
    ours, control = (update(model, build, 0, rank) for build in (dualised.build, frobenius_sgd.build))
    for name, moved in ours.items():
        torch.testing.assert_close(control[name].norm(), moved.norm(), rtol=1e-4, atol=0.0)


def test_the_published_control_moves_the_weights_less_far() -> None:
    """By the root of rank over stable rank; a Gaussian gradient is mild, those of training are ten times as far off."""
    model = network()
    ours, control = (update(model, build) for build in (dualised.build, spectral_sgd.build))
    assert control["fc2.weight"].norm() < 0.75 * ours["fc2.weight"].norm()


def test_a_warm_start_keeps_the_spectral_norm_right_from_step_to_step() -> None:
    """Gradients that turn while they go, so that each power iteration starts somewhat wrong."""
    model = network()
    (optimizer,) = spectral_sgd.build(model, lr=LR)
    kernel = dict(model.named_parameters())["fc2.weight"]
    for step in range(10):
        kernel.grad = gradient(kernel.shape, 1, 2) * (10 - step) + gradient(kernel.shape, 2, 2) * step
        before = kernel.detach().clone()
        optimizer.step()
        norm = torch.linalg.matrix_norm(before - kernel.detach(), 2)
        assert float(norm) == pytest.approx(LR * sqrt(100 / 300) / 3, rel=0.003)


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(ALL), st.floats(-12, 12))
def test_the_size_of_a_gradient_does_not_matter(build: Build, exponent: float) -> None:
    moved = []
    for factor in (1.0, 10**exponent):
        model = nn.Sequential(nn.Linear(5, 4))
        for p in model.parameters():
            nn.init.zeros_(p)
            p.grad = gradient(p.shape) * factor
        build(model)[0].step()
        moved.append([p.detach() for p in model.parameters()])
    for ours, expected in zip(*moved, strict=True):
        torch.testing.assert_close(ours, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("build", ALL)
def test_no_gradient_and_a_zero_one_move_nothing_and_a_bad_one_is_not_hidden(build: Build) -> None:
    model = network()
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    named = dict(model.named_parameters())
    named["fc1.weight"].grad = torch.zeros_like(named["fc1.weight"])
    named["fc1.bias"].grad = torch.zeros_like(named["fc1.bias"])
    named["fc3.weight"].grad = torch.full_like(named["fc3.weight"], torch.inf)
    named["fc3.bias"].grad = torch.full_like(named["fc3.bias"], torch.nan)
    (optimizer,) = build(model)
    for _ in range(2):
        optimizer.step()
    for name in ("fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"):
        assert torch.equal(named[name], before[name]), name
    assert named["fc3.weight"].isnan().all()
    assert named["fc3.bias"].isnan().all()


@pytest.mark.parametrize("build", ALL)
def test_a_gradient_of_any_memory_layout(build: Build) -> None:
    ends = []
    for layout in (torch.contiguous_format, torch.channels_last):
        model = nn.Sequential(nn.Conv2d(3, 4, 2))
        for p in model.parameters():
            nn.init.zeros_(p)
            p.grad = gradient(p.shape)
        kernel = next(model.parameters())
        kernel.grad = gradient(kernel.shape).clone(memory_format=layout)
        build(model)[0].step()
        ends.append(kernel.detach())
    torch.testing.assert_close(*ends)
    assert ends[0].abs().sum() > 0


@pytest.mark.parametrize(
    ("build", "name"),
    [(dualised.build, "Dualised"), (spectral_sgd.build, "SpectralSgd"), (frobenius_sgd.build, "FrobeniusSgd")],
)
def test_they_move_everything_under_their_own_names(build: Build, name: str) -> None:
    model = network()
    assert set(moved_by(model, build(model)).values()) == {name}


@pytest.mark.parametrize("build", ALL)
def test_a_model_without_a_kernel_is_refused(build: Build) -> None:
    with pytest.raises(ValueError, match="at least one kernel"):
        build(nn.PReLU())
