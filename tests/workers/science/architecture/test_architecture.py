"""Permuting any group of any model leaves its outputs as they are; kernels have the roles that the model gives them."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from app.contract.architecture import Architecture, Axis, Group
from app.contract.params import misfit
from app.methods.catalog import CATALOG
from tests.workers.science.architecture import networks
from workers.science.architecture import rules
from workers.science.architecture.architecture import architecture
from workers.science.architecture.errors import NotDefined
from workers.science.architecture.operations import Operand
from workers.science.architecture.permute import permute
from workers.science.build import build
from workers.science.models.prunable import prunable

TOLERANCE = 1e-10
PICTURES = (3, 32, 32)


def drawn(model: nn.Module) -> nn.Module:
    """All tensors random, in float64: a unit that is like another would hide that two trade places wrongly."""
    draw = torch.Generator().manual_seed(0)
    model.double().eval()
    for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
        if tensor.is_floating_point():
            tensor.detach().normal_(std=0.2 if tensor.ndim > 1 else 1, generator=draw)
            if name.endswith("running_var"):
                tensor.abs_().add_(0.5)
    return model


def inputs(*shape: int) -> Tensor:
    return torch.randn(3, *shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


@torch.no_grad()
def changes(model: nn.Module, x: Tensor, groups: Sequence[Group]) -> list[float]:
    """How far outputs are from the first ones, relative to the largest, as one group after the other is permuted."""
    before, found = model(x), []
    for group in groups:
        permute(model, group, torch.arange(group.size).roll(1))
        found.append(float((model(x) - before).abs().max() / before.abs().max()))
    return found


SYMBOLS = torch.randint(9, (3, 12), generator=torch.Generator().manual_seed(3))
NETWORKS: Mapping[str, tuple[Callable[[], nn.Module], Tensor, list[int]]] = {
    "perceptron": (networks.perceptron, inputs(1, 28, 28), [300, 100]),
    "vgg": (networks.vgg, inputs(*PICTURES), [6, 8, 8, 12]),
    # Stem and stage one, then per stage one group of its stream and one within each block.
    "resnet_20": (networks.ResNet20, inputs(*PICTURES), [16] * 4 + [32] * 4 + [64] * 4),
    "resnet_20 narrow": (lambda: networks.ResNet20(4), inputs(*PICTURES), [4] * 4 + [8] * 4 + [16] * 4),
    # Zeros may trade places too: two on either side.
    "padded shortcut": (networks.PaddedShortcut, inputs(*PICTURES), [4, 8, 2, 2]),
    "concatenated": (networks.Concatenated, inputs(*PICTURES), [4, 6]),
    # Runs of the grouped convolution, its channels within a run; the depthwise one's channels are its own outputs.
    "grouped": (networks.Grouped, inputs(*PICTURES), [2, 2, 2, 3]),
    # The stream; per layer heads, queries and keys within a head, values within a head, the perceptron's units.
    "transformer": (networks.Transformer, SYMBOLS, [16] + [4, 4, 4, 64] * 2),
    "vision transformer": (networks.VisionTransformer, inputs(*PICTURES), [12, 3, 4, 4]),
    "tied embedding": (networks.TiedEmbedding, SYMBOLS, [6]),
    "constant": (networks.Constant, inputs(64), []),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_any_group_of_a_network_may_be_permuted(name: str) -> None:
    make, x, sizes = NETWORKS[name]
    model = drawn(make())
    groups = architecture(model, x).groups
    assert Counter(group.size for group in groups) == Counter(sizes)
    assert all(change < TOLERANCE for change in changes(model, x, groups))


SETS = {(entry.params.shape, entry.params.n_classes): entry for entry in CATALOG["dataset"].values()}  # type: ignore[attr-defined]


@pytest.mark.parametrize("dataset", SETS.values(), ids=lambda entry: str(entry.params.shape))
@pytest.mark.parametrize("name", CATALOG["model"])
def test_any_group_of_a_model_may_be_permuted(name: str, dataset: Any) -> None:
    entry: Any = CATALOG["model"][name]
    params, shape = dataset.params, dataset.params.shape
    if (reason := misfit(entry.params(kind=name), params)) is not None:
        if "it reads" not in reason:
            with pytest.raises(ValueError, match="too small"):
                build(entry)(shape, params.n_classes)
        return
    model = drawn(build(entry)(shape, params.n_classes))
    x = inputs(*shape)
    if params.examples == "text":
        x = torch.randint(params.n_classes, (3, *shape), generator=torch.Generator().manual_seed(1))
    if entry.params.untraceable:
        with pytest.raises(NotDefined):
            architecture(model, x[:2])
        return
    structure = architecture(model, x[:2])
    assert structure.groups
    # Each by an order of its own, all before one look: two that belong together would not undo each other.
    with torch.no_grad():
        before = model(x[:1])
        for number, group in enumerate(structure.groups):
            order = torch.randperm(group.size, generator=torch.Generator().manual_seed(number))
            permute(model, group, order if group.size > 3 else torch.arange(group.size).roll(1))
        assert (model(x[:1]) - before).abs().max() < TOLERANCE * before.abs().max()
    names = [kernel.name for kernel in structure.kernels if kernel.role != "embedding"]
    assert names == list(prunable(model)), "layers are in forward order"
    # Every hidden unit is in a group: each kernel's units but those of the last are.
    for kernel in structure.kernels[:-1]:
        assert list(structure.on(kernel.name, kernel.unit_axis)), kernel.name


def test_groups_of_lenet() -> None:
    model = build(CATALOG["model"]["lenet_300_100"])((1, 8, 8), 10)
    assert architecture(model, torch.zeros(2, 1, 8, 8)).groups == (
        Group(300, (Axis("fc1.weight", 0), Axis("fc1.bias", 0), Axis("fc2.weight", 1))),
        Group(100, (Axis("fc2.weight", 0), Axis("fc2.bias", 0), Axis("fc3.weight", 1))),
    )


def test_a_flattened_channel_is_several_inputs() -> None:
    model = build(CATALOG["model"]["conv_2"])((3, 32, 32), 10)
    groups = architecture(model, torch.zeros(2, 3, 32, 32)).groups
    assert [group.size for group in groups] == [64, 64, 256, 256]
    axis = Axis("fc1.weight", 1, inner=256)
    assert groups[1].axes == (Axis("conv2.weight", 0), Axis("conv2.bias", 0), axis)
    assert axis.entries(2, 64) == list(range(512, 768))


def test_a_head_is_several_rows() -> None:
    groups = architecture(networks.Transformer(), SYMBOLS).groups
    within = next(group for group in groups if Axis("layers.0.attention.q.weight", 0, outer=4) in group.axes)
    assert Axis("layers.0.attention.k.weight", 0, outer=4) in within.axes
    assert within.axes[0].entries(1, 4) == [1, 5, 9, 13]
    assert within.mixed_by == ("matmul",)
    stream = next(group for group in groups if group.size == 16)
    assert stream.mixed_by == ("layer_norm",)


def wrong_flatten(shape: list[int], x: Operand, *_: object) -> object:
    """As if positions came before channels."""
    from workers.science.architecture.factors import product

    batch, channels, *positions = x.dimensions
    return [batch, product([*positions, channels])]


def wrong_norm(_shape: list[int], x: Operand, *_: object) -> object:
    """As if a norm had no vectors of its own."""
    return x.dimensions


@pytest.mark.parametrize(("kind", "rule"), [(nn.Flatten, wrong_flatten), (nn.BatchNorm1d, wrong_norm)])
def test_a_wrong_grouping_is_seen(kind: type[nn.Module], rule: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MODULES", {**rules.MODULES, kind: rule})
    model, x = drawn(networks.vgg()), inputs(*PICTURES)
    assert max(changes(model, x, architecture(model, x).groups)) > 1e-3


def roles(found: Architecture) -> dict[str, str]:
    return {kernel.name.removesuffix(".weight"): kernel.role for kernel in found.kernels}


def test_roles_of_a_residual_network() -> None:
    structure = architecture(networks.ResNet20(4), torch.zeros(2, *PICTURES))
    given = roles(structure)
    assert len(given) == 1 + 18 + 2 + 1
    assert [name for name, role in given.items() if role == "first"] == ["stem"]
    assert [name for name, role in given.items() if role == "output"] == ["out"]
    assert [name for name, role in given.items() if role == "shortcut"] == ["blocks.3.short.0", "blocks.6.short.0"]
    assert list(given)[:3] == ["stem", "blocks.0.c1", "blocks.0.c2"]
    assert structure.by_name["blocks.1.c1.weight"].reads == ("stem.weight", "blocks.0.c2.weight")
    assert structure.by_name["blocks.4.c1.weight"].reads == ("blocks.3.c2.weight", "blocks.3.short.0.weight")


@pytest.mark.parametrize("name", ["transformer", "vision transformer"])
def test_roles_of_attention(name: str) -> None:
    make, x, _ = NETWORKS[name]
    structure = architecture(make().double(), x)
    count = Counter(kernel.role for kernel in structure.kernels)
    if name == "transformer":
        assert count == Counter(
            embedding=1, query=2, key=2, value=2, attention_out=2, hidden=4, output=1
        )  # perceptrons are hidden
        assert {kernel.heads for kernel in structure.kernels if kernel.role in ("query", "attention_out")} == {4}
    else:
        assert count == Counter(first=1, query_key_value=1, attention_out=1, output=1)
        assert structure.by_name["qkv.weight"].heads == 3


def test_a_subclass_that_computes_something_else_is_no_linear_layer() -> None:
    class Rolled(nn.Linear):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x).roll(1, -1)

    with pytest.raises(NotDefined, match=r"no rule follows the operation roll$"):
        architecture(nn.Sequential(Rolled(4, 3), nn.Linear(3, 2)), torch.zeros(2, 4))


class Undecided(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x if x.sum() > 0 else -x


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (Undecided(), "torch.fx cannot trace it: symbolically traced variables cannot be used as inputs to control"),
        (nn.Sequential(nn.Linear(4, 4), nn.LSTM(4, 3)), "no rule follows the operation LSTM$"),
        (nn.Sequential(nn.Unfold(1), nn.Linear(4, 4)), "no rule follows the operation Unfold$"),
    ],
)
def test_a_model_that_cannot_be_described_says_why(model: nn.Module, reason: str) -> None:
    with pytest.raises(NotDefined, match="^not defined for this model, because .*(" + reason + ")"):
        architecture(model, torch.zeros(2, 4))


def test_describing_changes_nothing() -> None:
    model = networks.vgg()
    norm, after = list(model.children())[1], list(model.children())[5]
    norm.eval()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    architecture(model, torch.randn(2, *PICTURES))
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert model.training
    assert not norm.training
    assert after.training


def test_an_order_names_each_unit_once() -> None:
    model = networks.perceptron()
    group = architecture(model, torch.zeros(2, 1, 28, 28)).groups[0]
    with pytest.raises(ValueError, match="300 units"):
        permute(model, group, torch.zeros(300, dtype=torch.int64))
