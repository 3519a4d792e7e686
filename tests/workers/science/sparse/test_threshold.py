"""The threshold is one of those asked about, and is found by halving."""

from functools import partial
from typing import Any

import pytest
import torch
from torch import nn

from workers.science.models import conv_2, lenet_300_100, resnet_20, vit_tiny
from workers.science.models.init import initialise
from workers.science.models.prunable import prunable
from workers.science.random import generator
from workers.science.sparse import threshold
from workers.science.sparse.threshold import DENSITIES, csr_below

BLANK = partial(lenet_300_100.build, (1, 8, 8), 10)


@pytest.mark.parametrize("faster_up_to", [*DENSITIES, 0.0])
def test_the_largest_density_that_is_faster(faster_up_to: float, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []

    def ratio(*arguments: Any) -> float:
        _network, _shape, _batch, density, _seconds, rest_s = arguments
        assert rest_s == 0.0
        asked.append(density)
        return 0.9 if density <= faster_up_to else 0.97

    monkeypatch.setattr(threshold, "_ratio", ratio)
    assert csr_below(BLANK, (1, 8, 8), 60) == faster_up_to
    assert len(asked) <= 4


def test_without_sparse_products_it_is_never(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> float:
        raise RuntimeError("built without it")

    monkeypatch.setattr(threshold, "_ratio", refuse)
    assert csr_below(BLANK, (1, 8, 8), 60) == 0.0


def test_of_a_network_with_convolutions_the_linear_layers_are_asked_about_and_the_rest_is_counted_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    times = {"conv_2": 1.0, "tail": 0.4}
    asked: list[Any] = []

    def time(loop: object) -> float:
        return times["tail" if loop == (256,) else "conv_2"]

    def ratio(*arguments: Any) -> float:
        asked.append(arguments)
        return 0.5

    monkeypatch.setattr(threshold, "_loop", lambda _layout, shape, _batch_size: shape)
    monkeypatch.setattr(threshold, "_time", time)
    monkeypatch.setattr(threshold, "_ratio", ratio)
    blank = partial(conv_2.build, (1, 4, 4), 10)
    assert csr_below(blank, (1, 4, 4), 60) == DENSITIES[0]
    for network, shape, _batch_size, _density, _seconds, rest_s in asked:
        assert list(prunable(network)) == ["fc1.weight", "fc2.weight", "fc3.weight"]
        assert shape == (256,)
        assert rest_s == 0.6
    # Linear layers that take a twentieth of the step cannot make it 5 % faster.
    asked.clear()
    times["tail"] = 0.05
    assert csr_below(blank, (1, 4, 4), 60) == 0.0
    assert not asked


def test_the_linear_layers_alone_give_the_gradient_that_the_convolutions_need() -> None:
    network = conv_2.build((1, 4, 4), 10)
    initialise(network, generator(0, "init"))
    tail, shape = threshold._tail(network, (1, 4, 4))
    x = torch.randn(5, *shape)
    tail(x).sum().backward()
    by_tail = next(tail.parameters()).grad
    assert by_tail is not None
    features = x.clone().requires_grad_()
    nn.Sequential(*list(network.children())[-5:])(features).sum().backward()
    assert features.grad is not None
    torch.testing.assert_close(by_tail, (features.grad * x).sum())


def test_it_is_measured_on_real_steps() -> None:
    assert csr_below(BLANK, (1, 8, 8), 60, seconds=0.01) in {*DENSITIES, 0.0}
    assert csr_below(partial(conv_2.build, (1, 4, 4), 10), (1, 4, 4), 20, seconds=0.01) in {*DENSITIES, 0.0}


@pytest.mark.parametrize("module", [resnet_20, vit_tiny])
def test_a_network_with_branches_is_not_timed(module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threshold, "_time", lambda _loop: pytest.fail("it was timed"))
    assert csr_below(partial(module.build, (1, 8, 8), 10), (1, 8, 8), 60) == 0
