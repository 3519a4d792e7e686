"""Every format computes what the dense network does, forwards and in a step of training; what cannot be is refused."""

from collections import OrderedDict
from collections.abc import Callable
from math import prod

import pytest
import torch
from torch import Tensor, nn

from tests.workers.science.architecture.networks import PaddedShortcut
from workers.science.models import conv_2, lenet_300_100
from workers.science.models.init import initialise
from workers.science.models.prunable import prunable
from workers.science.random import generator
from workers.science.sparse.feed_forward import FeedForward
from workers.science.sparse.formats import FORMATS, Unsupported, n_bytes, semi_structured
from workers.science.sparse.passes import error, one_pass

ON_A_CPU = [name for name in FORMATS if name != "semi_structured"]


def case(
    kind: str, density: float, dtype: torch.dtype = torch.float32
) -> tuple[nn.Sequential, dict[str, Tensor], Tensor]:
    """A network with random masks, and a batch that asks for its gradient where the network is one layer."""
    shape = {"layer": (40,), "lenet": (1, 8, 8), "conv": (1, 8, 8)}[kind]
    networks: dict[str, Callable[[], nn.Module]] = {
        "layer": lambda: nn.Sequential(OrderedDict(fc=nn.Linear(40, 24))),
        "lenet": lambda: lenet_300_100.build((1, 8, 8), 10),
        "conv": lambda: conv_2.build((1, 8, 8), 10),
    }
    network = networks[kind]()
    assert isinstance(network, nn.Sequential)
    draw = generator(3, kind)
    initialise(network, draw)
    masks = {
        name: torch.rand(parameter.shape, generator=draw) < density
        for name, parameter in network.named_parameters() if parameter.ndim > 1
    }  # fmt: skip
    x = torch.rand(6, *shape, generator=draw).to(dtype).requires_grad_(kind == "layer")
    return network.to(dtype), masks, x


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("kind", ["layer", "lenet", "conv"])
@pytest.mark.parametrize("name", ON_A_CPU)
def test_agrees_with_the_dense_network(name: str, kind: str, training: bool) -> None:
    for density in (0.6, 0.03):
        for dtype, bound in ((torch.float64, 1e-9), (torch.float32, 3e-4)):
            network, masks, x = case(kind, density, dtype)
            ready = FORMATS[name](network, masks, x, training=training)
            assert error(ready, network, x, training=training) < bound


def test_the_error_sees_a_wrong_weight_and_a_gradient_that_is_missing() -> None:
    network, masks, x = case("lenet", 0.3, torch.float64)
    for training in (False, True):
        wrong = {key: mask.clone() for key, mask in masks.items()}
        wrong["fc2.weight"][0] = ~wrong["fc2.weight"][0]
        ready = FORMATS["masked_dense"](network, wrong, x, training=training)._replace(masks=masks)
        assert error(ready, network, x, training=training) > 1e-3
    frozen = FORMATS["compacted"](network, masks, x, training=True)
    frozen.network.get_submodule("fc1").weight_orig.requires_grad_(False)
    assert error(frozen, network, x, training=True) > 1e-3


@pytest.mark.parametrize("name", ON_A_CPU)
def test_a_timed_pass_changes_nothing(name: str) -> None:
    for training in (False, True):
        network, masks, x = case("layer", 0.2)
        ready = FORMATS[name](network, masks, x, training=training)
        before = {key: value.clone() for key, value in ready.network.state_dict().items()}
        action = one_pass(ready, training=training)
        action()
        action()
        after = ready.network.state_dict()
        assert all(torch.equal(before[key], after[key]) for key in before)
        gradients = [parameter.grad for parameter in ready.network.parameters()]
        assert all((gradient is not None) == training for gradient in gradients)
        assert (ready.x.grad is not None) == training


def test_the_given_network_is_left_alone() -> None:
    for name in ON_A_CPU:
        network, masks, x = case("lenet", 0.2)
        before = {key: value.clone() for key, value in network.state_dict().items()}
        ready = FORMATS[name](network, masks, x, training=True)
        error(ready, network, x, training=True)
        assert all(torch.equal(before[key], value) for key, value in network.state_dict().items())


def test_bytes_by_hand() -> None:
    network, masks, x = case("layer", 0.1)
    kept, n_in, n_out = int(masks["fc.weight"].sum()), 40, 24
    held = {
        name: n_bytes(FORMATS[name](network, masks, x, training=training).network, training=training)
        for training in (False,) for name in ON_A_CPU
    }  # fmt: skip
    assert held["dense"] == 4 * (n_in * n_out + n_out)
    assert held["masked_dense"] == 4 * (2 * n_in * n_out + n_out)
    assert held["csr"] == 4 * (2 * kept + n_out + 1 + n_out)  # values and columns, starts of rows, bias
    assert held["structured"] == 4 * (round(n_in * kept / (n_in * n_out)) * n_out + n_out)
    read = masks["fc.weight"].any(dim=0)
    gathered = 8 * int(read.sum()) if not read.all() else 0
    assert held["compacted"] == 4 * (int(read.sum()) * n_out + n_out) + gathered
    trained = n_bytes(FORMATS["csr"](network, masks, x, training=True).network, training=True)
    # And the transpose with its order, and a template of the gradient.
    assert trained == held["csr"] + 4 * (2 * kept + n_in + 1) + 8 * kept + 4 * kept


def test_a_ticket_of_a_perceptron_is_timed_as_it_is_trained() -> None:
    network, masks, x = case("lenet", 0.05)
    ready = FORMATS["csr"](network, masks, x, training=True)
    assert isinstance(ready.network, FeedForward)
    parameters = sum(int(masks[f"{name}.weight"].sum()) + layer.out_features
                     for name, layer in network.named_children() if isinstance(layer, nn.Linear))  # fmt: skip
    assert sum(parameter.numel() for parameter in ready.network.parameters()) == parameters
    held = {training: n_bytes(ready.network, training=training) for training in (False, True)}
    # At least the values and columns of what it holds; for training also where they stand in the transpose.
    assert 4 * parameters < held[False] < held[True] < 4 * 8 * parameters
    # The gradient by the inputs, and a layer without a weight, are for layers one by one.
    asked = x.clone().requires_grad_(True)
    assert not isinstance(FORMATS["csr"](network, masks, asked, training=True).network, FeedForward)
    nothing = masks | {"fc3.weight": torch.zeros_like(masks["fc3.weight"])}
    alone = FORMATS["csr"](network, nothing, x, training=True)
    assert not isinstance(alone.network, FeedForward)
    assert error(alone, network, x, training=True) < 1e-4


def test_structured_keeps_about_as_many_weights() -> None:
    for density in (0.3, 0.05):
        network, masks, x = case("conv", density)
        ready = FORMATS["structured"](network, masks, x, training=False)
        left = sum(parameter.numel() for parameter in ready.network.parameters() if parameter.ndim > 1)
        total = sum(prod(mask.shape) for mask in masks.values())
        assert 0.6 * density * total < left <= sum(int(mask.sum()) for mask in masks.values())


def refused(ready: object) -> str:
    with pytest.raises(Unsupported) as raised:
        ready()  # type: ignore[operator]
    return raised.value.reason


def test_what_cannot_be_is_refused_with_its_reason() -> None:
    network, masks, x = case("layer", 0.2)
    assert refused(lambda: semi_structured(network, masks, x, training=False)) == "device"
    half = case("layer", 0.2, torch.float16)
    assert refused(lambda: FORMATS["csr"](*half, training=False)) == "dtype"
    empty = {"fc.weight": torch.zeros(24, 40, dtype=torch.bool)}
    assert refused(lambda: FORMATS["csr"](network, empty, x, training=False)) == "layers"


class OnGpu:
    """What `semi_structured` asks of a batch before it computes anything."""

    device = torch.device("cuda:0")

    def __init__(self, dtype: torch.dtype) -> None:
        self.dtype = dtype


@pytest.mark.parametrize(
    ("capability", "dtype", "density", "training", "reason"),
    [
        ((7, 5), torch.float16, 0.5, False, "capability"),
        ((8, 0), torch.float32, 0.5, False, "dtype"),
        ((8, 0), torch.bfloat16, 0.5, True, "training"),
        ((9, 0), torch.bfloat16, 0.9, False, "density"),
    ],
)
def test_semi_structured_refuses_what_a_gpu_cannot(
    monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], dtype: torch.dtype, density: float, training: bool,
    reason: str,
) -> None:  # fmt: skip
    """No GPU is needed to refuse: the batch only says that it lies on one."""
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _device: capability)
    network, masks, _ = case("layer", density)
    asked = network.to(dtype), masks, OnGpu(dtype)
    assert refused(lambda: semi_structured(*asked, training=training)) == reason  # type: ignore[arg-type]


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", ["dense", "masked_dense", "csr"])
def test_a_residual_network_keeps_its_function(name: str, training: bool) -> None:
    torch.manual_seed(0)
    network = PaddedShortcut().double()
    masks = {key: torch.rand(layer.shape) < 0.4 for key, layer in prunable(network).items()}
    x = torch.randn(4, 3, 16, 16, dtype=torch.float64)
    ready = FORMATS[name](network, masks, x, training=training)
    assert error(ready, network, x, training=training) < 1e-9
