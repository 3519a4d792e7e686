"""Networks with branches lose the units that nothing reads, and compute what they did."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from tests.workers.science.architecture import networks
from workers.science.architecture.architecture import architecture
from workers.science.architecture.errors import NotDefined
from workers.science.models import resnet_20, vgg_11
from workers.science.models.init import initialise
from workers.science.models.prunable import prunable
from workers.science.random import generator
from workers.science.sparse.compaction import compact, export
from workers.science.sparse.formats import FORMATS
from workers.science.sparse.passes import error
from workers.science.sparse.unread import without_unread
from workers.science.sparse.whole import whole_units_of

PICTURES = torch.randn(3, 3, 32, 32, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "resnet_20": lambda: resnet_20.build((3, 32, 32), 10),
    "vgg_11": lambda: vgg_11.build((3, 32, 32), 10),
    "concatenated": networks.Concatenated,
}


def case(name: str, density: float) -> tuple[nn.Module, dict[str, Tensor]]:
    model = NETWORKS[name]().double()
    initialise(model, generator(0, "init"), "kaiming_normal")
    draw = torch.Generator().manual_seed(1)
    for _, tensor in [*model.named_parameters(), *model.named_buffers()]:
        if tensor.ndim == 1:
            tensor.detach().uniform_(0.5, 1.5, generator=draw)
    masks = {key: torch.rand(layer.shape, generator=draw) < density for key, layer in prunable(model).items()}
    return model, masks


@torch.no_grad()
def masked(model: nn.Module, masks: dict[str, Tensor], x: Tensor) -> Tensor:
    for name, mask in masks.items():
        model.get_parameter(name).mul_(mask)
    return model.eval()(x)  # type: ignore[no-any-return]


@pytest.mark.parametrize(("name", "density"), [("resnet_20", 0.002), ("vgg_11", 0.002), ("concatenated", 0.0002)])
def test_outputs_stay_and_units_go(name: str, density: float) -> None:
    model, masks = case(name, density)
    compacted = compact(model, masks, example=PICTURES)
    torch.testing.assert_close(compacted.network.eval()(PICTURES), masked(model, masks, PICTURES), rtol=1e-9, atol=1e-9)
    before, after = (sum(p.numel() for p in item.parameters()) for item in (model, compacted.network))
    assert after < 0.9 * before
    for key, mask in masks.items():
        weight = compacted.network.get_parameter(key)
        assert torch.equal(weight, model.get_parameter(key)[compacted.rows[key]][:, compacted.columns[key]])
        assert torch.equal(compacted.masks[key], mask[compacted.rows[key]][:, compacted.columns[key]])
    assert export(compacted).keys() >= {"conv.weight.rows"} or name != "resnet_20"


def test_a_unit_that_one_block_reads_stays() -> None:
    """Channels of a stream go only if no kernel of any block reads them; those within a block by themselves."""
    model, masks = case("resnet_20", 1.0)
    masks["stages.1.0.conv2.weight"][:, [3, 7]] = False  # within a block: two of its 32 channels
    masks["stages.0.1.conv1.weight"][:, 5] = False  # of the stream, read by other blocks
    _, entries = without_unread(model, masks, PICTURES)
    left = [i for i in range(32) if i not in (3, 7)]
    assert {place: kept.tolist() for place, kept in entries.items()} == {
        ("stages.1.0.conv1.weight", 0): left, ("stages.1.0.norm1.weight", 0): left, ("stages.1.0.norm1.bias", 0): left,
        ("stages.1.0.norm1.running_mean", 0): left, ("stages.1.0.norm1.running_var", 0): left,
        ("stages.1.0.conv2.weight", 1): left,
    }  # fmt: skip


def test_what_is_cut_off_behind_goes_too() -> None:
    model, masks = case("vgg_11", 1.0)
    masks["conv5_1.weight"].zero_()
    masks["conv5_1.weight"][:, 4, 1, 1] = True
    small, _ = without_unread(model, masks, PICTURES)
    assert small.get_parameter("conv4_2.weight").shape[0] == 1
    assert small.get_parameter("conv5_1.weight").shape == (512, 1, 3, 3)
    assert small.get_submodule("norm4_2").num_features == 1
    masks["conv4_2.weight"][4] = False
    masks["conv4_2.weight"][4, :10] = True
    small, _ = without_unread(model, masks, PICTURES)
    assert small.get_parameter("conv4_1.weight").shape[0] == 10


@pytest.mark.parametrize("training", [False, True])
def test_it_is_a_format(training: bool) -> None:
    model, masks = case("resnet_20", 0.05)
    model.train(training)
    ready = FORMATS["compacted"](model, masks, PICTURES, training=training)
    assert error(ready, model, PICTURES, training=training) < 1e-9


def test_units_before_a_layer_norm_and_within_heads_stay() -> None:
    model = networks.Transformer()
    masks = {name: torch.zeros(layer.shape, dtype=torch.bool) for name, layer in prunable(model).items()}
    small, entries = without_unread(model, masks, torch.zeros(2, 12, dtype=torch.int64))
    shapes = {name: tuple(tensor.shape) for name, tensor in small.named_parameters()}
    assert {name for name, _ in entries} == {
        f"layers.{layer}.{name}" for layer in range(2) for name in ("up.weight", "up.bias", "down.weight")
    }
    assert shapes["layers.0.up.weight"] == (1, 16)


class Sized(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(4, 6), nn.Linear(6, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(self.fc1(x).reshape(-1, 6))  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("model", "reason"), [(Sized(), "its code holds sizes"), (nn.Sequential(nn.Unfold(1)), "operation Unfold")]
)
def test_what_cannot_be_made_smaller_says_why(model: nn.Module, reason: str) -> None:
    masks = {name: torch.rand(layer.shape) < 0.5 for name, layer in prunable(model).items()}
    for mask in masks.values():
        mask[:, 1] = False
    example = torch.randn(2, 4) if masks else torch.randn(2, 1, 4, 4)
    with pytest.raises(NotDefined, match="not defined for this model, because .*" + reason):
        without_unread(model, masks, example)


@pytest.mark.parametrize(("name", "density"), [("resnet_20", 0.3), ("resnet_20", 0.05), ("vgg_11", 0.1)])
def test_fewer_units_hold_about_as_many_weights(name: str, density: float) -> None:
    model, masks = case(name, density)
    whole = whole_units_of(architecture(model, PICTURES), masks, density)
    kept, total = (sum(int(mask.sum()) for mask in whole.values()), sum(mask.numel() for mask in masks.values()))
    assert density * 0.7 < kept / total <= density
    ready = FORMATS["structured"](model.eval(), masks, PICTURES, training=False)
    assert error(ready, model, PICTURES, training=False) < 1e-9
    sizes = (sum(ready.network.get_parameter(key).numel() for key in masks), kept)
    assert sizes[0] == sizes[1]
    for key in masks:
        assert ready.masks[key].any()


def test_of_a_transformer_too_few_units_can_go() -> None:
    model = networks.Transformer()
    masks = {name: torch.ones(layer.shape, dtype=torch.bool) for name, layer in prunable(model).items()}
    with pytest.raises(NotDefined, match="most of its units"):
        whole_units_of(architecture(model, torch.zeros(2, 12, dtype=torch.int64)), masks, 0.05)
