"""Weight counts of the paper's networks, and their initial weights."""

from collections.abc import Callable
from importlib import import_module
from math import prod, sqrt
from typing import Any

import pytest
import torch
from torch import nn

from app.methods.catalog import CATALOG
from workers.science.models.init import DRAWS, initialise
from workers.science.models.prunable import Layer, prunable
from workers.science.random import generator

CIFAR, MNIST, DIGITS = (3, 32, 32), (1, 28, 28), (1, 8, 8)
NAMES = ("lenet_300_100", "conv_2", "conv_4", "conv_6")


def build(name: str, shape: tuple[int, ...], n_classes: int = 10) -> nn.Module:
    model: nn.Module = import_module(f"workers.science.models.{name}").build(shape, n_classes)
    return model


@pytest.mark.parametrize(
    ("name", "shape", "weights"),
    [
        ("lenet_300_100", MNIST, 266_200),
        ("lenet_300_100", DIGITS, 50_200),
        ("conv_2", CIFAR, 4_300_992),
        ("conv_4", CIFAR, 2_425_024),
        ("conv_6", CIFAR, 2_261_184),
        ("vgg_11", CIFAR, 9_222_848),
        ("vgg_16", CIFAR, 14_715_584),
        ("resnet_18", CIFAR, 11_164_352),
        ("resnet_20", CIFAR, 270_896),
        ("vit_tiny", CIFAR, 5_319_552),
    ],
)
def test_prunable_weights(name: str, shape: tuple[int, int, int], weights: int) -> None:
    assert sum(prod(layer.shape) for layer in prunable(build(name, shape)).values()) == weights


def test_lenet_layers() -> None:
    assert prunable(build("lenet_300_100", MNIST)) == {
        "fc1.weight": Layer("fc1.weight", "linear", (300, 784)),
        "fc2.weight": Layer("fc2.weight", "linear", (100, 300)),
        "fc3.weight": Layer("fc3.weight", "output", (10, 100)),
    }


def test_conv_layers() -> None:
    layers = prunable(build("conv_6", CIFAR))
    assert [name.removesuffix(".weight") for name in layers] == [
        "conv1", "conv2", "conv3", "conv4", "conv5", "conv6", "fc1", "fc2", "fc3",
    ]  # fmt: skip
    assert [layer.kind for layer in layers.values()] == ["conv"] * 6 + ["linear"] * 2 + ["output"]
    assert layers["conv3.weight"].shape == (128, 64, 3, 3)
    assert layers["fc1.weight"].shape == (256, 256 * 4 * 4)


def test_norms_and_biases_are_not_prunable() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(2, 3))
    assert list(prunable(model)) == ["0.weight", "3.weight"]


class Reversed(nn.Module):
    """Its layers are registered in the opposite of the order in which it computes them."""

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(6, 3)
        self.depthwise = nn.Conv2d(6, 6, 3, padding=1, groups=6)
        self.first = nn.Conv2d(1, 6, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.last(torch.relu(self.depthwise(torch.relu(self.first(x)))).mean((2, 3)))
        return logits


def test_order_roles_and_groups_are_read_off_a_run() -> None:
    read = prunable(Reversed(), torch.zeros(2, *DIGITS))
    assert list(read.items()) == [
        ("first.weight", Layer("first.weight", "conv", (6, 1, 3, 3))),
        ("depthwise.weight", Layer("depthwise.weight", "conv", (6, 1, 3, 3), groups=6)),
        ("last.weight", Layer("last.weight", "output", (3, 6))),
    ]


class Untraceable(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Linear(64, 5), nn.Linear(5, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        hidden: torch.Tensor = self.one(x.flatten(1))
        return self.two(hidden) if hidden.sum() > 0 else self.two(-hidden)  # type: ignore[no-any-return]


def test_of_a_network_that_cannot_be_traced_modules_are_taken_as_they_stand() -> None:
    found = prunable(Untraceable(), torch.zeros(2, *DIGITS))
    assert found == prunable(Untraceable())
    assert [(layer.name, layer.kind) for layer in found.values()] == [
        ("one.weight", "linear"),
        ("two.weight", "output"),
    ]


@pytest.mark.parametrize("name", [*NAMES, "vgg_11", "resnet_20", "vit_tiny"])
def test_what_is_read_off_a_run_is_what_stands_in_the_file(name: str) -> None:
    model = build(name, CIFAR)
    read, stands = prunable(model, torch.zeros(2, *CIFAR)), prunable(model)
    assert list(read.items()) == list(stands.items())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [CIFAR, MNIST, DIGITS])
def test_from_pictures_to_logits(name: str, shape: tuple[int, int, int]) -> None:
    model = build(name, shape, n_classes=7)
    initialise(model, generator(0, "test"))
    logits = model(torch.rand(5, *shape))
    assert logits.shape == (5, 7)
    assert logits.isfinite().all()
    assert len({tuple(row) for row in logits.tolist()}) == 5


def test_too_small_pictures() -> None:
    with pytest.raises(ValueError, match="4×4 are too small for 3 pools"):
        build("conv_6", (1, 4, 4))


def test_pictures_that_halve_unevenly() -> None:
    """28 → 14 → 7 → 3: floor, as the pools do."""
    assert prunable(build("conv_6", MNIST))["fc1.weight"].shape == (256, 256 * 3 * 3)


@pytest.mark.parametrize("name", NAMES)
def test_building_draws_nothing_and_leaves_zeros(name: str) -> None:
    before = torch.get_rng_state()
    model = build(name, CIFAR)
    assert torch.equal(before, torch.get_rng_state())
    assert not any(parameter.any() for parameter in model.parameters())
    assert all(parameter.requires_grad and parameter.device.type == "cpu" for parameter in model.parameters())


@pytest.mark.parametrize(("name", "shape"), [("lenet_300_100", MNIST), ("conv_4", CIFAR)])
def test_glorot_normal(name: str, shape: tuple[int, int, int]) -> None:
    model = build(name, shape)
    initialise(model, generator(1, "init"))
    for parameter_name, parameter in model.named_parameters():
        if parameter_name.endswith("bias"):
            assert not parameter.any()
            continue
        n_out, n_in, *kernel = parameter.shape
        std = sqrt(2 / ((n_in + n_out) * prod(kernel)))
        n = parameter.numel()
        assert parameter.mean().item() == pytest.approx(0, abs=5 * std / sqrt(n))
        assert parameter.std().item() == pytest.approx(std, rel=5 / sqrt(2 * n))
        # A normal, not truncated at two standard deviations: 4.6 % lie beyond.
        assert (parameter.abs() > 2 * std).float().mean().item() == pytest.approx(0.0455, abs=5 * sqrt(0.0434 / n))


@pytest.mark.parametrize(
    ("draw", "variance"),
    [("kaiming_normal", lambda n_in, _: 2 / n_in), ("kaiming_uniform", lambda n_in, _: 2 / n_in),
     ("glorot_normal", lambda n_in, n_out: 2 / (n_in + n_out))],
)  # fmt: skip
def test_a_draw_has_the_variance_of_its_paper(draw: str, variance: Callable[[int, int], float]) -> None:
    model = build("conv_4", CIFAR)
    initialise(model, generator(1, "init"), draw)
    for parameter in (model.get_parameter("conv3.weight"), model.get_parameter("fc1.weight")):
        n_out, n_in, *kernel = parameter.shape
        expected = variance(n_in * prod(kernel), n_out * prod(kernel))
        assert parameter.var().item() == pytest.approx(expected, rel=8 / sqrt(parameter.numel()))
        bound = sqrt(3 * expected)
        assert (parameter.abs().max().item() <= bound) == (draw == "kaiming_uniform")


def test_orthogonal_rows_or_columns() -> None:
    model = build("conv_2", DIGITS)
    initialise(model, generator(1, "init"), "orthogonal")
    for name in ("conv2.weight", "fc1.weight", "fc3.weight"):
        matrix = model.get_parameter(name).flatten(1)
        small = matrix if len(matrix) <= matrix.shape[1] else matrix.T
        torch.testing.assert_close(small @ small.T, torch.eye(len(small)), rtol=0, atol=1e-5)


def test_scales_of_norms_begin_at_one() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.LayerNorm(8))
    nn.init.zeros_(model.get_parameter("1.weight"))
    initialise(model, generator(0), "kaiming_normal")
    assert model.get_parameter("1.weight").tolist() == [1, 1]
    assert model.get_parameter("3.weight").tolist() == [1] * 8
    assert not model.get_parameter("1.bias").any()
    alone = nn.BatchNorm2d(3)
    initialise(alone, generator(0))
    assert alone.weight.tolist() == [1, 1, 1]


def test_tables_are_drawn_small() -> None:
    model = build("vit_tiny", CIFAR)
    initialise(model, generator(0), "orthogonal")
    for name in ("token", "positions"):
        assert model.get_parameter(name).std().item() == pytest.approx(0.02, rel=0.2)
    embedding = nn.Embedding(100, 100)
    initialise(embedding, generator(0))
    assert embedding.weight.std().item() == pytest.approx(0.02, rel=0.05)


def test_initial_weights_depend_on_the_key_alone() -> None:
    first, again, other = (build("lenet_300_100", DIGITS) for _ in range(3))
    initialise(first, generator(0, 1, "init"))
    torch.manual_seed(123)
    initialise(again, generator(0, 1, "init"))
    initialise(other, generator(0, 2, "init"))
    for name, parameter in first.named_parameters():
        assert torch.equal(parameter, again.get_parameter(name))
        assert name.endswith("bias") or not torch.equal(parameter, other.get_parameter(name))


@pytest.mark.parametrize("draw", DRAWS)
@pytest.mark.parametrize("name", sorted(set(CATALOG["model"]) - {"vgg_16", "resnet_18", "vit_tiny"}))
def test_every_initialisation_is_defined_as_the_description_of_the_model_has_it(name: str, draw: str) -> None:
    """But for three large ones, which are made of the same kinds of layers as the others."""
    shape, n_classes = ((64,), 65) if name == "char_transformer" else (CIFAR, 10)
    model = build(name, shape, n_classes)
    params: Any = CATALOG["model"][name].params
    if params(kind=name).undrawn(draw):
        with pytest.raises(TypeError, match=f"{draw} is not defined for "):
            initialise(model, generator(0, "init"), draw)
        return
    initialise(model, generator(0, "init"), draw)
    for layer in prunable(model).values():
        weight = model.get_parameter(layer.name)
        assert weight.isfinite().all()
        assert weight.any()


def test_a_vector_is_drawn_by_normal_alone() -> None:
    model = nn.PReLU(1000)
    initialise(model, generator(0), "normal")
    assert float(model.weight.detach().std()) == pytest.approx(0.02, rel=0.1)
    for draw in set(DRAWS) - {"normal"}:
        with pytest.raises(TypeError, match=rf"{draw} is not defined for weight, of shape \(1000,\)"):
            initialise(model, generator(0), draw)


def test_unknown_parameters_are_refused() -> None:
    with pytest.raises(TypeError, match="weight"):
        initialise(nn.PReLU(3), generator(0))
