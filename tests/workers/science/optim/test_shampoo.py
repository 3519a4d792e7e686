"""Shampoo and SOAP of the library against their papers, written out on eigenvectors in double precision."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from workers.science.models import lenet_300_100
from workers.science.optim import shampoo, soap
from workers.science.optim.moved_by import moved_by
from workers.science.random import generator

STEPS = 4
Matrices = list[np.ndarray]


def gradients(*shape: int) -> Matrices:
    return [torch.randn(shape, generator=generator(2, step)).double().numpy() for step in range(STEPS)]


def moved(build: Callable[..., list[torch.optim.Optimizer]], gs: Matrices, **knobs: float) -> Matrices:
    """A parameter, 1 everywhere at first, after each step."""
    parameter = nn.Parameter(torch.ones(gs[0].shape))
    model = nn.Module()
    model.register_parameter("weight", parameter)
    (optimizer,) = build(model, **knobs)
    after = []
    for g in gs:
        parameter.grad = torch.tensor(g, dtype=torch.float32)
        optimizer.step()
        after.append(parameter.detach().double().numpy().copy())
    return after


def power(symmetric: np.ndarray, exponent: float) -> np.ndarray:
    values, vectors = np.linalg.eigh(symmetric)
    power_: np.ndarray = (vectors * values**exponent) @ vectors.T
    return power_


def test_shampoo_is_algorithm_one() -> None:
    gs, lr, decay = gradients(5, 7), 0.1, 0.01
    w, left, right = np.ones((5, 7)), 1e-6 * np.eye(5), 1e-6 * np.eye(7)
    for g, ours in zip(gs, moved(shampoo.build, gs, lr=lr, weight_decay=decay), strict=True):
        g = g + decay * w
        left, right = left + g @ g.T, right + g.T @ g
        w = w - lr * power(left, -1 / 4) @ g @ power(right, -1 / 4)
        np.testing.assert_allclose(ours, w, atol=2e-4)


def test_shampoo_of_a_vector_is_whitened_by_the_root_of_its_sum() -> None:
    gs, lr = gradients(6), 0.1
    w, gram = np.ones(6), 1e-6 * np.eye(6)
    for g, ours in zip(gs, moved(shampoo.build, gs, lr=lr), strict=True):
        gram = gram + np.outer(g, g)
        w = w - lr * power(gram, -1 / 2) @ g
        np.testing.assert_allclose(ours, w, atol=2e-3)


def test_shampoo_of_a_convolution_whitens_every_axis() -> None:
    gs, lr, exponent = gradients(4, 3, 2, 2), 0.1, -1 / 8
    w, grams = np.ones((4, 3, 2, 2)), [1e-6 * np.eye(side) for side in (4, 3, 2, 2)]
    for g, ours in zip(gs, moved(shampoo.build, gs, lr=lr), strict=True):
        step = g
        for axis in range(4):
            unfolded = np.moveaxis(g, axis, 0).reshape(g.shape[axis], -1)
            grams[axis] = grams[axis] + unfolded @ unfolded.T
            step = np.moveaxis(np.tensordot(power(grams[axis], exponent), step, (1, axis)), 0, axis)
        w = w - lr * step
        np.testing.assert_allclose(ours, w, atol=2e-4)


def test_soap_is_adam_in_the_eigenbasis_of_the_first_gradient() -> None:
    """Until the basis is turned, at step `precondition_frequency`; the first step only looks for it."""
    gs, lr, (b1, b2), decay = gradients(5, 7), 0.01, (0.8, 0.9), 0.1
    left, right = (np.linalg.eigh(gram)[1] for gram in (gs[0] @ gs[0].T, gs[0].T @ gs[0]))
    w, mean, square = np.ones((5, 7)), np.zeros((5, 7)), np.zeros((5, 7))
    ours = moved(soap.build, gs, lr=lr, betas=(b1, b2), weight_decay=decay)  # type: ignore[arg-type]
    assert (ours[0] == 1).all()
    for t, (g, now) in enumerate(zip(gs[1:], ours[1:], strict=True), start=1):
        mean, square = b1 * mean + (1 - b1) * g, b2 * square + (1 - b2) * (left.T @ g @ right) ** 2
        turned = (left.T @ mean @ right) / (1 - b1**t) / np.sqrt(square / (1 - b2**t))
        w = (w - lr * left @ turned @ right.T) * (1 - lr * decay)
        # The eigenvectors of the two that GᵀG sends to 0 are any; G has nothing there but what comes later.
        np.testing.assert_allclose(left.T @ now @ right[:, 2:], left.T @ w @ right[:, 2:], atol=1e-4)


def test_soap_turns_its_basis_as_often_as_asked() -> None:
    gs = gradients(5, 7)
    often, seldom = (moved(soap.build, gs, precondition_frequency=every) for every in (2, 10))
    # The third update is the first that is made in the basis turned after the second.
    assert [np.array_equal(a, b) for a, b in zip(often, seldom, strict=True)] == [True, True, True, False]


@pytest.mark.parametrize(("build", "name"), [(shampoo.build, "Shampoo"), (soap.build, "SOAP")])
def test_they_move_everything_under_their_own_names(
    build: Callable[..., list[torch.optim.Optimizer]], name: str
) -> None:
    model = lenet_300_100.build((1, 2, 3), 4)
    assert set(moved_by(model, build(model)).values()) == {name}
