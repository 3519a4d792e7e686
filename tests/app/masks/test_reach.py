"""Paths through networks with branches, against what the networks compute; through chains, against their own rules."""

from collections.abc import Mapping

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from app.contract.architecture import Architecture
from app.masks import chance, codec, connectivity, reach
from app.masks.codec import Bits
from app.masks.collapse import Counts, Gap
from app.masks.collapse import first_cut as first_cut_of_chain
from app.masks.collapse import gap as gap_of_chain
from app.masks.connectivity import dead, spread_of
from app.masks.routes import Network, moves, network_of
from app.masks.sums import sums
from app.methods.catalog import CATALOG
from tests.workers.science.architecture import networks
from workers.science.architecture.architecture import architecture, described
from workers.science.build import build
from workers.science.models.prunable import prunable

Drawn = Mapping[str, Tensor]


def drawn(model: nn.Module, density: float, seed: int = 0) -> dict[str, Tensor]:
    draw = torch.Generator().manual_seed(seed)
    return {name: torch.rand(layer.shape, generator=draw) < density for name, layer in prunable(model).items()}


def packed(masks: Drawn) -> dict[str, Bits]:
    return {name: codec.pack(mask.numpy()) for name, mask in masks.items()}


def counts_of(masks: Drawn) -> list[Counts]:
    bits = packed(masks)
    return [Counts(int(mask.sum()), *dead(bits[name], tuple(mask.shape))) for name, mask in masks.items()]


def outputs(model: nn.Module, names: list[str], name: str, unit: int) -> dict[str, NDArray[np.float64]]:
    """How much more each kernel puts out when a unit puts out one more: its weights are numbers of kept positions."""
    found: dict[str, Tensor] = {}
    raised: list[float] = [0.0]

    def watch(kernel: str) -> None:
        def hook(_module: nn.Module, _args: tuple[Tensor, ...], out: Tensor) -> Tensor:
            out = out.clone()
            if kernel == name:
                out[:, unit] += raised[0]
            found[kernel] = out.reshape(out.shape[0], -1)[0]
            return out

        model.get_submodule(kernel.removesuffix(".weight")).register_forward_hook(hook)

    for each in names:
        watch(each)
    x = torch.zeros(1, 3, 1, 1, dtype=torch.float64)
    with torch.no_grad():
        model(x)
        before = dict(found)
        raised[0] = 1.0
        model(x)
    return {item: (found[item] - before[item]).numpy() for item in names if item != name}


@pytest.mark.parametrize(("name", "unit"), [("stem.weight", 1), ("blocks.1.c1.weight", 0), ("blocks.3.c2.weight", 5)])
def test_paths_of_a_residual_network_are_what_it_adds_up(name: str, unit: int) -> None:
    model = networks.ResNet20(4).double().eval()
    masks = drawn(model, 0.4)
    network = Network(architecture(model, torch.zeros(2, 3, 8, 8, dtype=torch.float64)))
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_var is not None
            module.running_var.fill_(1 - module.eps)
    with torch.no_grad():
        model.out.bias.zero_()
        for key, mask in masks.items():
            weight = model.get_parameter(key).zero_()
            if weight.ndim == 4:  # pictures of one pixel see the middle of a kernel only
                middle = weight.shape[2] // 2
                weight[:, :, middle, middle] = mask.double().sum((2, 3))
            else:
                weight += mask
    expected = outputs(model, list(masks), name, unit)
    paths = dict(reach.paths(network, name, unit, packed(masks).get))
    for key, counts in expected.items():
        np.testing.assert_allclose(paths.get(key, 0 * counts), counts, rtol=1e-12)
    assert paths["out.weight"].any()


def chain_of(name: str) -> tuple[nn.Module, Architecture]:
    model = build(CATALOG["model"][name])((1, 8, 8), 10)
    return model, architecture(model, torch.zeros(2, 1, 8, 8))


@pytest.mark.parametrize("density", [0.3, 0.01, 0.001])
@pytest.mark.parametrize("name", ["lenet_300_100", "conv_2", "conv_6"])
def test_a_chain_has_the_paths_readers_and_moves_of_one(name: str, density: float) -> None:
    model, found = chain_of(name)
    network, masks = Network(found), drawn(model, density)
    bits, shapes = packed(masks), [tuple(mask.shape) for mask in masks.values()]
    assert [chance.Axes(*moves(found, key)) for key in masks] == chance.axes(shapes)
    for place, key in enumerate(masks):
        below = [(bits[after], tuple(masks[after].shape), 1) for after in list(masks)[place + 1 :]]
        expected = connectivity.paths(3, len(masks[key]), below)
        behind = reach.paths(network, key, 3, bits.get)
        assert [after for after, _ in behind] == list(masks)[place + 1 :]
        for (_, one), other in zip(behind, expected, strict=True):
            np.testing.assert_array_equal(one, other)
        if below:
            spread = spread_of(len(masks[key]), below[0][1][1])
            assert spread is not None
            wide = spread * int(np.prod(below[0][1][2:]))
            columns = sums(below[0][0], codec.size_of(below[0][1])[1])["columns"]
            assert reach.readers(network, key, 3, bits.get) == {
                list(masks)[place + 1]: columns[3 * wide : 4 * wide].sum()
            }
        else:
            assert reach.readers(network, key, 3, bits.get) == {}


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("name", ["lenet_300_100", "conv_6"])
def test_a_chain_collapses_where_its_own_rules_say(name: str, seed: int) -> None:
    model, found = chain_of(name)
    network, masks = Network(found), drawn(model, [0.5, 0.004, 0.001, 0.0005][seed % 4], seed)
    if seed % 3 == 2:
        list(masks.values())[seed % len(masks)].zero_()
    names, bits = list(masks), packed(masks)
    pairs = [(bits[key], tuple(mask.shape)) for key, mask in masks.items()]
    expected = gap_of_chain([shape for _, shape in pairs], counts_of(masks), lambda: first_cut_of_chain(pairs))
    mine = reach.gap(network, names, counts_of(masks), lambda: reach.first_cut(network, names, bits.get))
    assert mine == (expected and expected._replace(bridged=False))


def residual(empty: tuple[str, ...], density: float = 0.5) -> Gap | None:
    model = networks.ResNet20(4)
    network = Network(architecture(model, torch.zeros(2, 3, 8, 8)))
    masks = drawn(model, density)
    for name in empty:
        masks[f"{name}.weight"].zero_()
    names, bits = list(masks), packed(masks)
    return reach.gap(network, names, counts_of(masks), lambda: reach.first_cut(network, names, bits.get))


def test_a_shortcut_leads_around_an_empty_block() -> None:
    assert residual(("blocks.1.c1",)) is None
    assert residual(("blocks.3.c1", "blocks.5.c2")) is None
    assert residual(("blocks.3.short.0",)) is None


def test_a_residual_network_is_cut_where_block_and_shortcut_are_empty() -> None:
    model = networks.ResNet20(4)
    names = [name.removesuffix(".weight") for name in prunable(model)]
    found = residual(("blocks.3.c2", "blocks.3.short.0"))
    assert found is not None
    assert [names[number] for number in found.empty] == ["blocks.3.c2", "blocks.3.short.0"]
    assert found.cut is not None
    assert names[found.cut] == "blocks.3.c2"
    assert residual(("stem",)) == Gap((0,), 0, bridged=False)


def test_a_value_of_a_head_reaches_what_reads_its_column() -> None:
    model = networks.Transformer()
    network = Network(architecture(model, torch.zeros(2, 12, dtype=torch.int64)))
    masks = drawn(model, 0.5)
    bits = packed(masks)
    read = masks["layers.0.attention.o.weight"][:, 6]
    paths = dict(reach.paths(network, "layers.0.attention.v.weight", 6, bits.get))
    np.testing.assert_array_equal(paths["layers.0.attention.o.weight"], read.numpy())
    assert reach.readers(network, "layers.0.attention.v.weight", 6, bits.get) == {
        "layers.0.attention.o.weight": int(read.sum())
    }
    # Queries only weigh what values say.
    assert not any(counts.any() for _, counts in reach.paths(network, "layers.0.attention.q.weight", 6, bits.get))
    # Rows of a stream may all trade places, those within heads may not.
    assert moves(network.architecture, "layers.0.down.weight") == (True, 64)
    assert moves(network.architecture, "layers.0.attention.q.weight") == (False, 16)
    assert moves(network.architecture, "layers.0.attention.o.weight") == (True, 1)


def test_an_architecture_survives_being_stored() -> None:
    for model, x in (
        (networks.ResNet20(4), torch.zeros(2, 3, 8, 8)),
        (networks.Transformer(), torch.zeros(2, 12, dtype=torch.int64)),
    ):
        network = network_of({"architecture": described(model, x)})
        assert isinstance(network, Network)
        assert network.architecture == architecture(model, x)
    assert network_of({}) is None
    description = described(nn.Sequential(nn.Unfold(1)), torch.zeros(2, 3, 8, 8))
    assert description == {"reason": "not defined for this model, because no rule follows the operation Unfold"}
    assert network_of({"architecture": description}) == description["reason"]
