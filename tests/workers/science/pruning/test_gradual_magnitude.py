"""Gradual magnitude pruning: the paper's equation 1, and masks as NumPy sorts them."""

from typing import Any

import numpy as np
import pytest
import torch

from app.contract.budgets import gradual, pruning_steps
from app.methods.pruning.gradual_magnitude import GradualMagnitude
from workers.science.models.prunable import Layer
from workers.science.pruning import gradual_magnitude
from workers.science.pruning.context import PruningContext

SIZES = {"fc1": (300, 64), "fc2": (10, 30)}


@pytest.mark.parametrize(
    ("begin", "end", "every", "steps"), [(0.0, 0.5, 100, 1000), (0.1, 0.6, 7, 200), (0.25, 0.9, 1, 40)]
)
@pytest.mark.parametrize(("n", "first", "rate"), [(19_200, 19_200, 0.9), (300, 211, 0.36), (30_000, 30_000, 0.5)])
def test_the_sparsity_is_that_of_equation_1(
    begin: float, end: float, every: int, steps: int, n: int, first: int, rate: float
) -> None:
    """s_t = s_f + (s_i - s_f) (1 - (t - t0) / (n dt))^3 for t in {t0, t0 + dt, ..., t0 + n dt}, to half a weight."""
    last = first - round(rate * first)
    t0 = round(begin * steps)
    prunings = (round(end * steps) - t0) // every
    times = pruning_steps(begin, end, every, steps)
    assert list(times) == [t0 + i * every for i in range(1, prunings + 1)]
    s_i, s_f = 1 - first / n, 1 - last / n
    for i, t in enumerate(times, 1):
        s_t = s_f + (s_i - s_f) * (1 - (t - t0) / (prunings * every)) ** 3
        assert abs((1 - s_t) * n - gradual(first, last, i / prunings)) <= 0.5 + 1e-9
    assert gradual(first, last, 0.0) == first
    assert gradual(first, last, 1.0) == last


def test_an_interval_longer_than_the_pruning_prunes_never() -> None:
    assert not pruning_steps(0.0, 0.5, 51, 100)
    assert list(pruning_steps(0.0, 0.5, 50, 100)) == [50]


def context(step: int | None, rounds: int = 1, **more: Any) -> PruningContext:
    draw = torch.Generator().manual_seed(3)
    weights = {name: torch.randn(shape, generator=draw) for name, shape in SIZES.items()}
    layers = {name: Layer(name, "linear", shape) for name, shape in SIZES.items()}
    full = {name: torch.ones(shape, dtype=torch.bool) for name, shape in SIZES.items()}
    return PruningContext(weights, more.pop("masks", full), layers, rounds, step=step, steps=100, start=full, **more)


def test_each_layer_keeps_its_largest_weights_at_each_moment() -> None:
    """By the schedule written out for begin 0, end 0.5, every 10: five prunings, of which i leave (1 - i/5)^3."""
    knobs: dict[str, Any] = {"rate": 0.6, "begin": 0.0, "end": 0.5, "every": 10}
    masks = context(0).masks
    for i in range(1, 6):
        mine = context(10 * i, masks=masks)
        masks = gradual_magnitude.prune(mine, **knobs)
        for name, shape in SIZES.items():
            n = shape[0] * shape[1]
            final = n - round(0.6 * n)
            kept = final + round((n - final) * (1 - i / 5) ** 3)
            order = np.argsort(-np.abs(mine.weights[name].numpy().ravel()), kind="stable")
            expected = np.zeros(n, dtype=bool)
            expected[order[:kept]] = True
            assert np.array_equal(masks[name].numpy().ravel(), expected)


def test_outside_a_training_it_prunes_to_the_end_at_once() -> None:
    for rounds in (1, 2, 3):
        found = gradual_magnitude.prune(context(None, rounds), rate=0.36)
        params = GradualMagnitude(kind="gradual_magnitude", rate=0.36)
        for name, shape in SIZES.items():
            left = shape[0] * shape[1]
            for _ in range(rounds):
                left -= round(0.36 * left)
            assert int(found[name].sum()) == left
    assert params.pruning_steps(1000) == range(100, 501, 100)


def test_what_is_pruned_does_not_come_back() -> None:
    masks = {name: torch.rand(shape, generator=torch.Generator().manual_seed(1)) < 0.5 for name, shape in SIZES.items()}
    found = gradual_magnitude.prune(context(50, masks=masks), rate=0.9, end=1.0, every=50)
    assert all(not (found[name] & ~masks[name]).any() for name in SIZES)
