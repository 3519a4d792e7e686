"""Magnitude pruning against a stable NumPy sort, and the paper's densities."""

from math import prod

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from app.contract.budgets import budget
from workers.science.metrics.density import counts, density
from workers.science.models import conv_2, lenet_300_100
from workers.science.models.prunable import Layer, prunable
from workers.science.pruning import global_magnitude, layerwise_magnitude
from workers.science.pruning.context import PruningContext
from workers.science.pruning.magnitude import prune_smallest
from workers.science.random import generator

LENET = prunable(lenet_300_100.build((1, 28, 28), 10))
SMALL = {
    "conv1.weight": Layer("conv1.weight", "conv", (4, 1, 3, 3)),
    "fc1.weight": Layer("fc1.weight", "linear", (7, 5)),
    "fc2.weight": Layer("fc2.weight", "output", (3, 7)),
}
Weights = dict[str, Tensor]


def normal(layers: dict[str, Layer], *key: int | str) -> Weights:
    return {name: torch.randn(layer.shape, generator=generator(0, name, *key)) for name, layer in layers.items()}


def full(layers: dict[str, Layer]) -> Weights:
    return {name: torch.ones(layer.shape, dtype=torch.bool) for name, layer in layers.items()}


def by_sorting(weights: Tensor, mask: Tensor, k: int) -> Tensor:
    """The definition, written as slowly as it reads: sort the kept by (magnitude, flat index), drop the first k."""
    alive = np.flatnonzero(mask.numpy())
    magnitudes = np.nan_to_num(np.abs(weights.numpy().ravel()[alive]), nan=np.inf, posinf=np.inf)
    order = np.argsort(magnitudes, kind="stable")
    expected = mask.numpy().ravel().copy()
    expected[alive[order[:k]]] = False
    return torch.from_numpy(expected.reshape(mask.shape))


# Few distinct values: ties everywhere, both zeros, what a diverged network holds.
entries = st.tuples(st.sampled_from([0.0, -0.0, 0.5, -0.5, 1.0, -2.0, 1e-40, np.inf, -np.inf, np.nan]), st.booleans())


@given(st.lists(entries, min_size=1, max_size=40), st.data())
def test_as_by_sorting(cells: list[tuple[float, bool]], data: st.DataObject) -> None:
    weights = torch.tensor([value for value, _ in cells])
    mask = torch.tensor([alive for _, alive in cells])
    before = mask.clone()
    k = data.draw(st.integers(0, int(mask.sum())))
    pruned = prune_smallest(weights, mask, k)
    assert torch.equal(pruned, by_sorting(weights, mask, k))
    assert int(mask.sum() - pruned.sum()) == k
    assert torch.equal(mask, before)


@pytest.mark.parametrize("density", [1.0, 0.3, 0.01])
def test_as_by_sorting_at_size(density: float) -> None:
    weights = torch.randn(300, 784, generator=generator(1))
    mask = torch.rand(300, 784, generator=generator(2)) < density
    k = int(mask.sum()) // 5
    pruned = prune_smallest(weights, mask, k)
    assert torch.equal(pruned, by_sorting(weights, mask, k))
    lost, kept = weights[mask & ~pruned].abs(), weights[pruned].abs()
    assert lost.max() <= kept.min()


def test_out_of_range() -> None:
    mask = torch.tensor([True, False, True])
    for k in (-1, 3):
        with pytest.raises(ValueError, match=f"cannot prune {k} of 2 kept weights"):
            prune_smallest(torch.zeros(3), mask, k)


@pytest.mark.parametrize(("kept", "rate", "k"), [(5, 0.1, 0), (15, 0.1, 2), (7, 0.2, 1), (0, 0.2, 0), (10, 0.99, 10)])
def test_half_goes_to_the_even_neighbour(kept: int, rate: float, k: int) -> None:
    assert budget(kept, rate) == k


def test_by_hand() -> None:
    """Rates .5, .25 and 0: two of conv1's four go by magnitude, one of fc1's four by index among equals."""
    layers = {
        "conv1.weight": Layer("conv1.weight", "conv", (1, 1, 2, 2)),
        "fc1.weight": Layer("fc1.weight", "linear", (2, 2)),
        "fc2.weight": Layer("fc2.weight", "output", (1, 2)),
    }
    weights = {
        "conv1.weight": torch.tensor([[[[-3.0, 1.0], [-2.0, 4.0]]]]),
        "fc1.weight": torch.tensor([[2.0, -1.0], [1.0, 1.0]]),
        "fc2.weight": torch.tensor([[0.0, 0.0]]),
    }
    pruned = layerwise_magnitude.prune(
        PruningContext(weights, full(layers), layers), rate=0.25, conv_rate=0.5, output_rate=0.0
    )
    assert pruned["conv1.weight"].tolist() == [[[[True, False], [False, True]]]]
    assert pruned["fc1.weight"].tolist() == [[True, False], [True, True]]
    assert pruned["fc2.weight"].tolist() == [[True, True]]


def test_global_by_hand() -> None:
    """Eight weights at .5 lose four, all from the six that may go: the smallest wherever they lie."""
    layers = {
        "fc1.weight": Layer("fc1.weight", "linear", (2, 2)),
        "fc2.weight": Layer("fc2.weight", "linear", (1, 2)),
        "fc3.weight": Layer("fc3.weight", "output", (2, 1)),
    }
    weights = {
        "fc1.weight": torch.tensor([[5.0, -1.0], [6.0, 2.0]]),
        "fc2.weight": torch.tensor([[-2.0, 2.0]]),
        "fc3.weight": torch.tensor([[0.0], [0.0]]),
    }
    pruned = global_magnitude.prune(PruningContext(weights, full(layers), layers), rate=0.5)
    assert pruned["fc1.weight"].tolist() == [[True, False], [True, False]]
    assert pruned["fc2.weight"].tolist() == [[False, False]]  # a layer may collapse
    assert pruned["fc3.weight"].tolist() == [[True], [True]]
    again = global_magnitude.prune(PruningContext(weights, pruned, layers), rate=0.9)
    assert [int(mask.sum()) for mask in again.values()] == [0, 0, 2]  # 4 · .9 → 4, of which 2 may go
    assert [int(mask.sum()) for mask in global_magnitude.prune(PruningContext(weights, again, layers)).values()] == [
        0,
        0,
        2,
    ]


def test_densities_of_the_paper() -> None:
    """LeNet on MNIST at 20 % a round, the output layer at 10 %, to the printed digit (arXiv 1803.03635)."""
    masks, printed = full(LENET), {}
    for level in range(1, 17):
        pruned = layerwise_magnitude.prune(PruningContext(normal(LENET, level), masks, LENET))
        assert all((masks[name] | ~pruned[name]).all() for name in LENET)  # nested
        masks = pruned
        printed[level] = f"{100 * density(masks):.1f}"
    assert {level: printed[level] for level in (3, 7, 9, 15, 16)} == {
        3: "51.3", 7: "21.1", 9: "13.5", 15: "3.6", 16: "2.9",
    }  # fmt: skip


def test_conv_rates() -> None:
    layers = prunable(conv_2.build((1, 8, 8), 10))
    kept = counts(layerwise_magnitude.prune(PruningContext(normal(layers), full(layers), layers)))
    assert {name: count.total - count.kept for name, count in kept.items()} == {
        name: round(prod(layer.shape) * (0.2 if layer.kind == "linear" else 0.1)) for name, layer in layers.items()
    }


shares = st.floats(0.01, 0.99)


@given(shares, shares, shares, st.integers(1, 12))
def test_one_shot_keeps_as_many_as_iterative(rate: float, conv_rate: float, output_rate: float, rounds: int) -> None:
    one_shot = layerwise_magnitude.prune(
        PruningContext(normal(SMALL), full(SMALL), SMALL, rounds),
        rate=rate,
        conv_rate=conv_rate,
        output_rate=output_rate,
    )
    iterative = full(SMALL)
    for level in range(rounds):
        before = iterative
        iterative = layerwise_magnitude.prune(
            PruningContext(normal(SMALL, level), before, SMALL), rate=rate, conv_rate=conv_rate, output_rate=output_rate
        )
        assert all((before[name] | ~iterative[name]).all() for name in SMALL)
    assert counts(one_shot) == counts(iterative)


@given(shares, st.integers(1, 12))
def test_global_one_shot_keeps_as_many_as_iterative(rate: float, rounds: int) -> None:
    one_shot = global_magnitude.prune(PruningContext(normal(SMALL), full(SMALL), SMALL, rounds), rate=rate)
    iterative = full(SMALL)
    for level in range(rounds):
        before = iterative
        iterative = global_magnitude.prune(PruningContext(normal(SMALL, level), before, SMALL), rate=rate)
        assert all((before[name] | ~iterative[name]).all() for name in SMALL)
    assert density(one_shot) == density(iterative)
    assert one_shot["fc2.weight"].all()


def test_global_is_one_threshold() -> None:
    weights = normal(SMALL)
    pruned = global_magnitude.prune(PruningContext(weights, full(SMALL), SMALL), rate=0.4)
    pool = ["conv1.weight", "fc1.weight"]
    lost = torch.cat([weights[name][~pruned[name]].abs() for name in pool])
    kept = torch.cat([weights[name][pruned[name]].abs() for name in pool])
    assert len(lost) == round(0.4 * (36 + 35 + 21))
    assert lost.max() <= kept.min()


def test_masks_share_no_memory() -> None:
    """A caller that edits one mask must not change another, or the masks it gave."""
    for prune in (layerwise_magnitude.prune, global_magnitude.prune):
        masks = full(SMALL)
        pruned = prune(PruningContext(normal(SMALL), masks, SMALL))
        for mask in pruned.values():
            mask.fill_(False)
        assert all(mask.all() for mask in masks.values())


def test_a_collapsed_layer_stays_collapsed() -> None:
    masks = full(SMALL) | {"fc1.weight": torch.zeros(7, 5, dtype=torch.bool)}
    for prune in (layerwise_magnitude.prune, global_magnitude.prune):
        assert not prune(PruningContext(normal(SMALL), masks, SMALL))["fc1.weight"].any()
