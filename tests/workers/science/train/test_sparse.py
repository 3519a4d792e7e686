"""Networks laid out as sparse rows train what dense ones do, and only where they should."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from app.contract.params import OptimizerParams
from app.methods.catalog import CATALOG
from app.methods.optimizer.adamw import AdamW
from app.methods.optimizer.sgd import Sgd
from tests.workers.science.architecture import networks
from workers.science.build import build
from workers.science.data import augmentation, digits
from workers.science.data.dataset import Dataset, Split
from workers.science.models import conv_2, lenet_300_100
from workers.science.models.init import initialise
from workers.science.models.prunable import prunable
from workers.science.random import generator
from workers.science.sparse.feed_forward import FeedForward
from workers.science.sparse.layout import sparse_layers
from workers.science.train.alone import train_alone
from workers.science.train.batches import Batches
from workers.science.train.dense import Dense
from workers.science.train.events import Evaluated
from workers.science.train.sparse import lay_out

ELEMENTWISE = [
    kind
    for kind, entry in CATALOG["optimizer"].items()
    if issubclass(entry.params, OptimizerParams) and entry.params.elementwise
]
DATA = digits.load(Path())


def network(kind: Any = lenet_300_100) -> nn.Module:
    model: nn.Module = kind.build((1, 8, 8), 10)
    initialise(model, generator(0, "init"))
    return model


def masks_of(model: nn.Module, density: float, seed: int = 0) -> dict[str, Tensor]:
    draw = torch.Generator().manual_seed(seed)
    masks = {name: torch.rand(layer.shape, generator=draw) < density for name, layer in prunable(model).items()}
    for mask in masks.values():
        mask.view(-1)[seed % mask.numel()] = True
    return masks


def trained(
    layout: Dense,
    masks: dict[str, Tensor],
    optimizer: OptimizerParams,
    steps: int = 30,
    draw: Callable[[int], Tensor] | None = None,
    data: Dataset = DATA,
) -> tuple[list[float], dict[str, Tensor]]:
    """Losses at each tenth step, and the network at the end."""
    order = partial(_order, len(data.train))
    moments = train_alone(
        layout, data, build(optimizer)(layout.network), Batches(len(data.train), 60, order, draw),
        steps=steps, eval_every=10, masks=masks,
    )  # fmt: skip
    losses = [value for m in moments if isinstance(m, Evaluated) for value in (m.validation_loss, m.test_loss)]
    return losses, layout.state()


def _order(n: int, epoch: int) -> Tensor:
    return torch.randperm(n, generator=generator(0, "order", epoch))


def test_a_sparse_perceptron_sees_the_same_cuts() -> None:
    """It leaves out inputs that no weight reads: of the pictures as they are cut, not as they are."""
    draw = partial(_draw, len(DATA.train))
    params, masks = Sgd(kind="sgd"), masks_of(network(), 0.1)
    masks["fc1.weight"][:, ::3] = False
    layout = lay_out(network(), masks, 1.1)
    assert isinstance(layout.network, FeedForward)
    assert len(layout.network.inputs) < 64
    dense, end = trained(lay_out(network(), masks), masks, params, draw=draw)
    sparse, found = trained(layout, masks, params, draw=draw)
    assert sparse == pytest.approx(dense, rel=1e-4)
    assert dense != pytest.approx(trained(lay_out(network(), masks), masks, params)[0], rel=1e-4)
    for name, tensor in end.items():
        torch.testing.assert_close(found[name], tensor, rtol=1e-3, atol=1e-5)


def _draw(n: int, epoch: int) -> Tensor:
    return augmentation.draw(n, generator(0, "cuts", epoch))


@settings(deadline=None, max_examples=15)
@given(st.sampled_from(ELEMENTWISE), st.floats(0.01, 1), st.integers(0, 99))
def test_a_sparse_perceptron_trains_as_the_masked_dense_one(kind: str, density: float, seed: int) -> None:
    params = CATALOG["optimizer"][kind].params(kind=kind)
    assert isinstance(params, OptimizerParams)
    masks = masks_of(network(), density, seed)
    in_double(params, masks)
    dense, end = trained(lay_out(network(), masks), masks, params, 10)
    layout = lay_out(network(), masks, 1.1)
    assert layout.sparse == ("fc1", "fc2", "fc3")
    sparse, found = trained(layout, masks, params, 10)
    # RMSprop's first step is 10 × lr long however small the gradient is: one that is all rounding moves its weight.
    assert kind == "rmsprop" or sparse == pytest.approx(dense, rel=1e-4)
    assert found.keys() == end.keys()
    for name, mask in masks.items():
        assert torch.count_nonzero(found[name][~mask]) == 0


def in_double(params: OptimizerParams, masks: dict[str, Tensor]) -> None:
    """Both train the same where rounding is far below the epsilon of every optimizer."""
    data = replace(DATA, train=double(DATA.train), validation=double(DATA.validation), test=double(DATA.test))
    dense, end = trained(lay_out(network().double(), masks), masks, params, 10, data=data)
    sparse, found = trained(lay_out(network().double(), masks, 1.1), masks, params, 10, data=data)
    assert sparse == pytest.approx(dense, rel=1e-10)
    for name, tensor in end.items():
        torch.testing.assert_close(found[name], tensor, rtol=0.0, atol=1e-10)


def double(split: Split) -> Split:
    return replace(split, x=split.x.double())


def apart(kind: str, density: float) -> tuple[float, float]:
    """After 200 steps: the largest relative difference of a loss, and the largest difference of a weight."""
    params = CATALOG["optimizer"][kind].params(kind=kind)
    assert isinstance(params, OptimizerParams)
    masks = masks_of(network(), density)
    dense, end = trained(lay_out(network(), masks), masks, params, 200)
    sparse, found = trained(lay_out(network(), masks, 1.1), masks, params, 200)
    losses = max(abs(a - b) / abs(a) for a, b in zip(dense, sparse, strict=True))
    return losses, max(float((found[name] - tensor).abs().max()) for name, tensor in end.items())


@pytest.mark.parametrize("kind", ["sgd", "momentum_sgd", "adam", "adamw", "lion"])
def test_losses_agree_to_rounding_over_two_hundred_steps(kind: str) -> None:
    losses, weights = apart(kind, 0.03)
    assert losses < 1e-5
    assert weights < 1e-5


def test_rmsprop_amplifies_rounding() -> None:
    """The protocol promises less of it: losses alike, single weights not."""
    losses, weights = apart("rmsprop", 0.03)
    assert losses < 1e-3
    assert weights > 1e-4


def test_weights_of_units_that_nothing_reads_decay_as_they_do_in_the_dense_network() -> None:
    """Nothing is computed for them, and yet the next pruning ranks them with the others."""
    params = AdamW(kind="adamw", weight_decay=0.1)
    model = network()
    masks = masks_of(model, 0.02)
    start = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    unread = ~masks["fc2.weight"].any(0)
    idle = masks["fc1.weight"] & unread[:, None]
    assert idle.sum() > 10
    _, end = trained(lay_out(network(), masks), masks, params)
    _, found = trained(lay_out(network(), masks, 1.1), masks, params)
    for name, tensor in end.items():
        torch.testing.assert_close(found[name], tensor, rtol=1e-3, atol=1e-5)
    assert (found["fc1.weight"][idle].abs() < start["fc1.weight"][idle].abs()).all()
    torch.testing.assert_close(found["fc1.weight"][idle], end["fc1.weight"][idle], rtol=1e-6, atol=0.0)


def test_another_network_keeps_its_convolutions_and_its_output_dense() -> None:
    params = CATALOG["optimizer"]["adam"].params(kind="adam")
    assert isinstance(params, OptimizerParams)
    masks = masks_of(network(conv_2), 0.05)
    layout = lay_out(network(conv_2), masks, 0.5)
    assert layout.sparse == ("fc1", "fc2")
    assert masks.keys() & layout.kernels.keys() == {"conv1.weight", "conv2.weight", "fc3.weight"}
    dense, end = trained(lay_out(network(conv_2), masks), masks, params, 10)
    sparse, found = trained(layout, masks, params, 10)
    assert sparse == pytest.approx(dense, rel=1e-4)
    assert list(found) == list(end)
    for name, tensor in end.items():
        torch.testing.assert_close(found[name], tensor, rtol=1e-3, atol=1e-4)


def test_a_network_goes_through_unchanged() -> None:
    model = network()
    masks = masks_of(model, 0.1)
    expected = {name: tensor * masks[name] if name in masks else tensor for name, tensor in model.state_dict().items()}
    state = lay_out(model, masks, 1.0).state()
    assert list(state) == list(expected)
    assert all(torch.equal(state[name], tensor) for name, tensor in expected.items())


def test_density_decides() -> None:
    model = network()
    masks = masks_of(model, 0.1)
    assert sparse_layers(model, masks, 0.05) == ()
    assert sparse_layers(model, masks, 0.2) == ("fc1", "fc2", "fc3")
    assert sparse_layers(model, masks, 0.0) == ()
    assert lay_out(model, masks, 0.05).network is model
    conv = network(conv_2)
    assert sparse_layers(conv, masks_of(conv, 0.1), 0.2) == ("fc1", "fc2")


@pytest.mark.parametrize("kind", [lenet_300_100, conv_2])
@pytest.mark.parametrize("layer", ["fc1", "fc2"])
def test_a_layer_that_keeps_nothing_trains_its_bias(kind: Any, layer: str) -> None:
    params = CATALOG["optimizer"]["sgd"].params(kind="sgd")
    assert isinstance(params, OptimizerParams)
    masks = masks_of(network(kind), 0.1)
    masks[f"{layer}.weight"] = torch.zeros_like(masks[f"{layer}.weight"])
    dense, end = trained(lay_out(network(kind), masks), masks, params, 10)
    sparse, found = trained(lay_out(network(kind), masks, 0.9), masks, params, 10)
    assert sparse == pytest.approx(dense, rel=1e-4)
    for name, tensor in end.items():
        torch.testing.assert_close(found[name], tensor, rtol=1e-3, atol=1e-5)


class Residual(nn.Module):
    """Linear layers around which shortcuts lead, in an order that is not that of their names."""

    def __init__(self) -> None:
        super().__init__()
        self.out = nn.Linear(20, 10)
        self.first, self.second = nn.Linear(64, 20), nn.Sequential(nn.Linear(20, 20), nn.Tanh())
        self.last = nn.Linear(20, 20)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.first(x.flatten(1)))
        x = x + self.second(x)
        return self.out(x - self.last(x))  # type: ignore[no-any-return]


def test_a_residual_network_keeps_its_function() -> None:
    model = Residual()
    masks = masks_of(model, 0.3)
    with torch.no_grad():
        for name, mask in masks.items():
            model.get_parameter(name).mul_(mask)
    layout = lay_out(model, masks, 1.1)
    assert layout.sparse == ("out", "first", "second.0")
    assert masks.keys() & layout.kernels.keys() == {"last.weight"}
    x = DATA.train.x[:50]
    torch.testing.assert_close(layout.network(x), model(x))
    assert layout.state().keys() == model.state_dict().keys()


def test_a_sparse_residual_network_trains_as_the_masked_dense_one() -> None:
    torch.manual_seed(0)
    model = Residual()
    masks = masks_of(model, 0.3)
    dense, end = trained(lay_out(deepcopy(model), masks), masks, Sgd(kind="sgd"))
    layout = lay_out(deepcopy(model), masks, 1.1)
    assert layout.sparse
    sparse, found = trained(layout, masks, Sgd(kind="sgd"))
    assert sparse == pytest.approx(dense, rel=1e-4)
    for name, tensor in end.items():
        torch.testing.assert_close(found[name], tensor, rtol=1e-3, atol=1e-5)


def test_a_transformer_keeps_its_function() -> None:
    """Its layers read tokens, `(n, length, width)`; its output table belongs to the embedding in the other."""
    symbols = torch.randint(9, (3, 12))
    model = networks.Transformer()
    masks = {name: torch.ones(layer.shape, dtype=torch.bool) for name, layer in prunable(model).items()}
    layout = lay_out(model, masks, 1.1)
    assert len(layout.sparse) == 12
    torch.testing.assert_close(layout.network(symbols), model(symbols))
    tied = networks.TiedEmbedding()
    assert lay_out(tied, {"hidden.weight": torch.ones(6, 6, dtype=torch.bool)}, 1.1).sparse == ()
