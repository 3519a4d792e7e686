"""ResNets and VGGs: parameters as others count them, outputs as a second implementation gives them."""

from types import ModuleType

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from workers.science.models import resnet_18, resnet_20, vgg_11, vgg_16
from workers.science.models.init import initialise
from workers.science.models.prunable import prunable
from workers.science.random import generator

CIFAR = (3, 32, 32)


@pytest.mark.parametrize(
    ("module", "parameters"),
    [
        # 0.27M in He et al. 2016, table 6; 270k of them are in convolutions (Frankle & Carbin 2019, figure 2).
        (resnet_20, 272_474),
        # These counts of the usual CIFAR networks are widely reported; theirs of VGGs have 2,752 and 4,224 biases more.
        (resnet_18, 11_173_962),
        (vgg_11, 9_231_114 - 2_752),
        (vgg_16, 14_728_266 - 4_224),
    ],
)
def test_parameters(module: ModuleType, parameters: int) -> None:
    model = module.build(CIFAR, 10)
    assert sum(parameter.numel() for parameter in model.parameters()) == parameters
    assert all("norm" not in name and "shortcut.1" not in name for name in prunable(model))


def drawn(model: nn.Module) -> nn.Module:
    initialise(model, generator(0, "init"), "kaiming_normal")
    for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
        if tensor.ndim == 1:
            tensor.detach().uniform_(0.5, 1.5, generator=generator(1, name))
    return model.double()


def normed(state: dict[str, Tensor], name: str, x: Tensor) -> Tensor:
    """A batch norm in evaluation, written out."""
    mean, var, scale, shift = (
        state[f"{name}.{part}"][:, None, None] for part in ("running_mean", "running_var", "weight", "bias")
    )
    return (x - mean) / (var + 1e-5).sqrt() * scale + shift


@pytest.mark.parametrize(
    ("module", "knobs", "blocks"), [(resnet_20, {}, 3), (resnet_20, {"width": 2}, 3), (resnet_18, {}, 2)]
)
@pytest.mark.parametrize("shape", [CIFAR, (1, 28, 28), (1, 8, 8)])
def test_a_residual_network_computes_what_its_definition_says(
    module: ModuleType, knobs: dict[str, int], blocks: int, shape: tuple[int, int, int]
) -> None:
    model = drawn(module.build(shape, 7, **knobs)).eval()
    state = model.state_dict()
    x = given = torch.randn(2, *shape, dtype=torch.float64, generator=generator(2, "x"))
    x = F.relu(normed(state, "norm", F.conv2d(x, state["conv.weight"], padding=1)))
    for stage in range(3 if module is resnet_20 else 4):
        for block in range(blocks):
            name, stride = f"stages.{stage}.{block}", 2 if stage and not block else 1
            y = F.conv2d(x, state[f"{name}.conv1.weight"], padding=1, stride=stride)
            y = F.conv2d(F.relu(normed(state, f"{name}.norm1", y)), state[f"{name}.conv2.weight"], padding=1)
            if stride > 1:
                x = normed(state, f"{name}.shortcut.1", F.conv2d(x, state[f"{name}.shortcut.0.weight"], stride=2))
            x = F.relu(normed(state, f"{name}.norm2", y) + x)
    expected = x.flatten(2).mean(2) @ state["fc.weight"].T + state["fc.bias"]
    torch.testing.assert_close(model(given), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("module", "stages"), [(vgg_11, (1, 1, 2, 2, 2)), (vgg_16, (2, 2, 3, 3, 3))])
def test_a_vgg_computes_what_its_definition_says(module: ModuleType, stages: tuple[int, ...]) -> None:
    model = drawn(module.build(CIFAR, 10)).eval()
    state = model.state_dict()
    x = given = torch.randn(2, *CIFAR, dtype=torch.float64, generator=generator(2, "x"))
    for stage, convolutions in enumerate(stages, 1):
        for number in range(1, convolutions + 1):
            x = F.conv2d(x, state[f"conv{stage}_{number}.weight"], padding=1)
            x = F.relu(normed(state, f"norm{stage}_{number}", x))
        x = F.max_pool2d(x, 2)
    assert x.shape == (2, 512, 1, 1)
    torch.testing.assert_close(model(given), x.flatten(1) @ state["fc.weight"].T + state["fc.bias"])


def test_pictures_that_five_pools_shrink_to_nothing() -> None:
    with pytest.raises(ValueError, match="28×28 are too small for 5 pools"):
        vgg_11.build((1, 28, 28), 10)
