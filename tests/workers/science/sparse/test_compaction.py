"""Compaction changes no output and, where a network trains on, no gradient; and leaves nothing to remove."""

from collections import OrderedDict
from itertools import pairwise
from typing import NamedTuple

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load, save
from torch import Tensor, nn

from workers.science.sparse.compaction import Compacted, compact, export


class Case(NamedTuple):
    """A network in float64, its masks and a batch."""

    network: nn.Sequential
    masks: dict[str, Tensor]
    x: Tensor


def mlp(*widths: int, bias: bool = True) -> nn.Sequential:
    layers: OrderedDict[str, nn.Module] = OrderedDict(flatten=nn.Flatten())
    for i, (n_in, n_out) in enumerate(pairwise(widths), 1):
        layers[f"fc{i}"] = nn.Linear(n_in, n_out, bias=bias, dtype=torch.float64)
        if i < len(widths) - 1:
            layers[f"relu{i}"] = nn.ReLU()
    return nn.Sequential(layers)


def conv(padding: int, channels: int, size: int) -> nn.Sequential:
    left = (size - 2 * (2 - 2 * padding)) // 2
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(2, channels, 3, padding=padding, dtype=torch.float64),
            relu1=nn.ReLU(),
            conv2=nn.Conv2d(channels, 4, 3, padding=padding, dtype=torch.float64),
            relu2=nn.ReLU(),
            pool=nn.MaxPool2d(2),
            flatten=nn.Flatten(),
            fc1=nn.Linear(4 * left * left, 5, dtype=torch.float64),
            relu3=nn.ReLU(),
            fc2=nn.Linear(5, 3, dtype=torch.float64),
        )
    )


@torch.no_grad()
def drawn(network: nn.Sequential, shape: tuple[int, ...], density: float, seed: int) -> Case:
    """Random weights and masks, whole rows and columns of which are pruned here and there; a third of biases is 0."""
    draw = torch.Generator().manual_seed(seed)
    masks = {}
    for name, parameter in network.named_parameters():
        parameter.copy_(torch.randn(parameter.shape, generator=draw, dtype=torch.float64))
        if name.endswith("weight"):
            mask = torch.rand(parameter.shape, generator=draw) < density
            mask[torch.rand(len(mask), generator=draw) < 0.3] = False
            mask[:, torch.rand(mask.shape[1], generator=draw) < 0.3] = False
            masks[name] = mask
        else:
            parameter[torch.rand(len(parameter), generator=draw) < 0.33] = 0.0
    return Case(network, masks, torch.randn(6, *shape, generator=draw, dtype=torch.float64))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    density, seed = draw(st.sampled_from([0.0, 0.05, 0.3, 0.8])), draw(st.integers(0, 2**31))
    if draw(st.booleans()):
        padding, size = draw(st.integers(0, 1)), draw(st.sampled_from([6, 8]))
        return drawn(conv(padding, draw(st.integers(1, 5)), size), (2, size, size), density, seed)
    widths = draw(st.lists(st.integers(1, 9), min_size=2, max_size=5))
    return drawn(mlp(*widths, bias=draw(st.booleans())), (widths[0],), density, seed)


def masked(case: Case) -> nn.Sequential:
    with torch.no_grad():
        for name, mask in case.masks.items():
            case.network.get_parameter(name).mul_(mask)
    return case.network


def gradients(network: nn.Module, masks: dict[str, Tensor], x: Tensor) -> dict[str, Tensor]:
    """Of a loss that weights every output differently, at kept weights and biases."""
    y = network(x)
    weights = torch.linspace(-1, 2, y.numel(), dtype=torch.float64).reshape(y.shape)
    names, parameters = zip(*network.named_parameters(), strict=True)
    grad = torch.autograd.grad((weights * y + 0.3 * y**2).sum(), parameters)
    return {name: each * masks[name] if name in masks else each for name, each in zip(names, grad, strict=True)}


def smaller(full: dict[str, Tensor], made: Compacted) -> dict[str, Tensor]:
    """What a compacted network has of the tensors of the whole one."""
    parts = {}
    for name, tensor in full.items():
        key = name.removesuffix("bias").removesuffix("weight") + "weight"
        part = tensor[made.rows[key]]
        parts[name] = part[:, made.columns[key]] if name == key else part
    return parts


@settings(max_examples=150, deadline=None)
@given(cases())
def test_outputs_are_those_of_the_masked_network(case: Case) -> None:
    small = compact(case.network, case.masks)
    expected = masked(case)(case.x)
    torch.testing.assert_close(small.network(case.x), expected, rtol=1e-12, atol=1e-12)
    again = compact(small.network, small.masks) if "gather" not in dict(small.network.named_children()) else None
    if again is not None:
        assert {name: len(rows) for name, rows in again.rows.items()} == {
            n: len(rows) for n, rows in small.rows.items()
        }


@settings(max_examples=150, deadline=None)
@given(cases())
def test_training_goes_on_as_if_nothing_had_been_removed(case: Case) -> None:
    """Gradients at what is kept are equal, and stay so over three steps of gradient descent."""
    small = compact(case.network, case.masks, training=True)
    whole, part = masked(case), small.network
    masks = dict(small.masks)
    for _ in range(3):
        torch.testing.assert_close(part(case.x), whole(case.x), rtol=1e-9, atol=1e-9)
        of_whole, of_part = gradients(whole, case.masks, case.x), gradients(part, masks, case.x)
        torch.testing.assert_close(of_part, smaller(of_whole, small), rtol=1e-9, atol=1e-9)
        with torch.no_grad():
            for network, found in ((whole, of_whole), (part, of_part)):
                longest = max(float(item.abs().max()) for item in of_whole.values())
                for name, each in found.items():
                    network.get_parameter(name).sub_(each, alpha=0.01 / max(longest, 1.0))


@settings(max_examples=80, deadline=None)
@given(cases())
def test_nothing_removable_is_left(case: Case) -> None:
    """Each input is read and each unit read and fed, or it is the only one of its layer, or its constant must stay."""
    small = compact(case.network, case.masks)
    masks = list(small.masks.values())
    assert bool(masks[0].flatten(2).any(2).any(0).all() if masks[0].ndim > 2 else masks[0].any(0).all()) or (
        masks[0].shape[1] == 1
    )
    for mask, after in pairwise(masks):
        read = after.reshape(len(after), len(mask), -1).any(2).any(0)
        assert len(mask) == 1 or read.all()
        if after.ndim == 2:
            assert len(mask) == 1 or mask.flatten(1).any(1).all()


def by_hand() -> Case:
    """Units of fc1: 0 alive, 1 dead with a bias of 2, 2 dead with one of −1, 3 alive but unread; so is input 2."""
    network = mlp(3, 4, 2)
    masks = {
        "fc1.weight": torch.tensor([[1, 1, 0], [0, 0, 0], [0, 0, 0], [0, 0, 1]]).bool(),
        "fc2.weight": torch.tensor([[1, 1, 1, 0], [0, 1, 0, 0]]).bool(),
    }
    state = {
        "fc1.weight": torch.arange(12.0).reshape(4, 3),
        "fc1.bias": torch.tensor([0.5, 2.0, -1.0, 1.0]),
        "fc2.weight": torch.tensor([[1.0, 10.0, 3.0, 4.0], [5.0, -7.0, 7.0, 8.0]]),
        "fc2.bias": torch.tensor([0.25, 0.5]),
    }
    network.load_state_dict(state)
    return Case(network, masks, torch.tensor([[1.0, 2.0, 3.0]], dtype=torch.float64))


def test_by_hand_a_live_bias_moves_into_the_next_layer() -> None:
    case = by_hand()
    small = compact(case.network, case.masks)
    assert small.rows["fc1.weight"].tolist() == [0]
    assert small.columns["fc1.weight"].tolist() == small.inputs.tolist() == [0, 1]
    assert small.columns["fc2.weight"].tolist() == [0]
    # 0.25 + 10·2 and 0.5 − 7·2; the unit with a negative bias puts out nothing.
    assert small.network.get_parameter("fc2.bias").tolist() == [20.25, -13.5]
    # relu(0·1 + 1·2 + 0.5) = 2.5
    assert small.network(case.x).tolist() == [[22.75, -13.5]]
    assert small.masks["fc1.weight"].tolist() == [[True, True]]


def test_by_hand_a_live_bias_stays_where_it_can_learn() -> None:
    case = by_hand()
    small = compact(case.network, case.masks, training=True)
    assert small.rows["fc1.weight"].tolist() == [0, 1]
    assert small.network.get_parameter("fc2.bias").tolist() == [0.25, 0.5]


def test_a_live_constant_stays_before_a_padded_convolution() -> None:
    """At the border it is not constant: the same network without padding loses the channel, with padding keeps it."""
    for padding, left in ((1, [0, 1]), (0, [0])):
        case = drawn(conv(padding, 2, 8), (2, 8, 8), 1.0, 0)
        masks = {name: torch.ones_like(mask) for name, mask in case.masks.items()}
        masks["conv1.weight"][1] = False
        with torch.no_grad():
            case.network.get_parameter("conv1.bias").copy_(torch.tensor([0.3, 0.7]))
        small = compact(case.network, masks)
        assert small.rows["conv1.weight"].tolist() == left
        expected = masked(Case(case.network, masks, case.x))(case.x)
        torch.testing.assert_close(small.network(case.x), expected, rtol=1e-12, atol=1e-12)


def test_a_network_without_a_kept_weight_is_its_biases() -> None:
    case = drawn(mlp(5, 4, 3), (5,), 0.0, 1)
    small = compact(case.network, case.masks)
    assert [tuple(mask.shape) for mask in small.masks.values()] == [(1, 1), (3, 1)]
    torch.testing.assert_close(small.network(case.x), masked(case)(case.x))


def test_export_rebuilds_the_network() -> None:
    case = by_hand()
    small = compact(case.network, case.masks)
    tensors = export(small)
    hidden = torch.relu(case.x[:, tensors["gather.index"]] @ tensors["fc1.weight"].T + tensors["fc1.bias"])
    assert torch.equal(hidden @ tensors["fc2.weight"].T + tensors["fc2.bias"], small.network(case.x))
    assert tensors["fc1.weight.columns"].tolist() == [0, 1]
    back = load(save(tensors))
    assert all(torch.equal(back[name], tensor) for name, tensor in tensors.items())


def test_a_module_that_is_not_known_is_refused_by_name() -> None:
    network = nn.Sequential(OrderedDict(fc1=nn.Linear(2, 2), norm=nn.BatchNorm1d(2)))
    with pytest.raises(TypeError, match="norm is a BatchNorm1d"):
        compact(network, {"fc1.weight": torch.ones(2, 2, dtype=torch.bool)})
    grouped = nn.Sequential(OrderedDict(conv=nn.Conv2d(2, 2, 1, groups=2)))
    with pytest.raises(TypeError, match="conv is a Conv2d"):
        compact(grouped, {"conv.weight": torch.ones(2, 1, 1, 1, dtype=torch.bool)})
