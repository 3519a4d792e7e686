"""Ways to hold a sparse network: each turns a network and its masks into something that can be timed.

A format is a function `(network, masks, x, *, training) -> Ready`. Masks are bool by parameter name; `x` is a batch of
the network's inputs, on the device in question.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any, NamedTuple, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn.utils import prune
from torch.sparse import to_sparse_semi_structured

from workers.science.architecture.architecture import architecture
from workers.science.architecture.errors import NotDefined
from workers.science.metrics.density import density
from workers.science.sparse.compaction import Compacted, compact, is_chain
from workers.science.sparse.csr import SparseLinear
from workers.science.sparse.feed_forward import FeedForward
from workers.science.sparse.gather import Gather
from workers.science.sparse.layout import feed_forward, is_perceptron, linear_layers
from workers.science.sparse.patterns import two_of_four, whole_units
from workers.science.sparse.replace import replaced
from workers.science.sparse.whole import whole_units_of

Masks: TypeAlias = Mapping[str, Tensor]


class Unsupported(Exception):  # noqa: N818 (it is an answer, not a fault)
    """This device cannot do that; `reason` is one of device, capability, dtype, training, density, layers, torch."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Ready(NamedTuple):
    """A network in a format, with the batch as it takes it.

    `masks` are those of the network that it must agree with, the whole one held densely; with `trains_all`, training
    moves what they prune too.
    """

    network: nn.Module
    x: Tensor
    masks: Masks
    trains_all: bool = False


Format: TypeAlias = Callable[..., Ready]


def _dtype(network: nn.Module) -> torch.dtype:
    """Return the type of a network's weights: its inputs may be symbols."""
    return next(network.parameters()).dtype


def dense(network: nn.Module, masks: Masks, x: Tensor, *, training: bool) -> Ready:
    """Return the network with every weight held and trained; those that the masks prune begin at 0."""
    return Ready(_zeroed(network, masks), x, masks, trains_all=training)


def masked_dense(network: nn.Module, masks: Masks, x: Tensor, *, training: bool) -> Ready:  # noqa: ARG001
    """Return the network with every weight held, and multiplied by its mask in each pass: `torch.nn.utils.prune`."""
    return Ready(_pruned(deepcopy(network), masks), x, masks)


def csr(network: nn.Module, masks: Masks, x: Tensor, *, training: bool) -> Ready:  # noqa: ARG001
    """Return the network whose linear layers hold their kept weights alone; convolutions stay masked dense.

    On a CPU a multilayer perceptron is the network that its tickets are trained as here (`FeedForward`), unless the
    gradient by its inputs is wanted. Otherwise each layer is one by itself (`SparseLinear`).

    Raises `Unsupported` where no linear layer has a kept weight, and for 16 bits on a CPU.
    """
    if x.device.type == "cpu" and _dtype(network) not in (torch.float32, torch.float64):
        raise Unsupported("dtype")
    if (
        x.device.type == "cpu"
        and not x.requires_grad
        and is_perceptron(network)
        and all(m.any() for m in masks.values())
    ):
        return Ready(feed_forward(network, masks), x, masks)
    sparse = {
        name: SparseLinear(module.weight, mask, module.bias)
        for name, module in _linear(network).items() if (mask := masks[f"{name}.weight"]).any()
    }  # fmt: skip
    if not sparse:
        raise Unsupported("layers")
    rest = {key: mask for key, mask in masks.items() if _layer(key) not in sparse}
    return Ready(_pruned(replaced(deepcopy(network), sparse), rest), x, masks)


def compacted(network: nn.Module, masks: Masks, x: Tensor, *, training: bool) -> Ready:
    """Return the network without its dead inputs and units, the rest masked dense while it trains."""
    compaction = _compact(network, masks, training=training, example=x[:2])
    small = compaction.network.to(x.device)
    return Ready(_pruned(small, compaction.masks) if training else small, x, masks)


def structured(network: nn.Module, masks: Masks, x: Tensor, *, training: bool) -> Ready:
    """Return a dense network of fewer units with about as many weights as the masks keep, in place of theirs.

    Of a single layer it takes fewer inputs, as the layer before it would make them.
    """
    if not is_chain(network):
        try:
            structure = architecture(network, x[:2])
            whole = whole_units_of(structure, masks, density(masks))
        except NotDefined as error:
            raise Unsupported("units") from error
        small = _compact(network, whole, training=training, example=x[:2]).network
        return Ready(small.to(x.device), x, whole)
    whole = {key: mask.to(x.device) for key, mask in whole_units(masks, density(masks)).items()}
    compaction = _compact(network, whole, training=training)
    modules = OrderedDict(compaction.network.named_children())
    if isinstance(modules.pop("gather", None), Gather):
        x = x.detach()[:, compaction.inputs.to(x.device)].requires_grad_(x.requires_grad)
    return Ready(nn.Sequential(modules).to(x.device), x, whole)


def semi_structured(network: nn.Module, masks: Masks, x: Tensor, *, training: bool) -> Ready:
    """Return the network with at most two of each four neighbours in a row of a linear layer.

    That is what NVIDIA's sparse tensor cores multiply. The masks keep the two largest of those that they keep.
    Convolutions stay dense. Inference only.

    Raises `Unsupported` without a GPU of compute capability 8.0, for other dtypes than 16-bit ones, and for training.
    Raises it too where more than half of the weights are kept, and for sizes that the kernels do not take.
    Source: torch.sparse.to_sparse_semi_structured; Mishra et al. 2021, arXiv 2104.08378.
    """
    linear = _linear(network)
    if x.device.type != "cuda":
        raise Unsupported("device")
    if torch.cuda.get_device_capability(x.device) < (8, 0):
        raise Unsupported("capability")
    if _dtype(network) not in (torch.float16, torch.bfloat16):
        raise Unsupported("dtype")
    if training:
        raise Unsupported("training")
    if not linear:
        raise Unsupported("layers")
    if any(masks[f"{name}.weight"].float().mean() > 0.5 for name in linear):
        raise Unsupported("density")
    kept = {
        key: two_of_four(network.get_parameter(key), mask) if _layer(key) in linear else mask
        for key, mask in masks.items()
    }
    copy = _zeroed(network, kept)
    for name in linear:
        try:
            sparse = to_sparse_semi_structured(copy.get_parameter(f"{name}.weight").detach())
        except RuntimeError as error:
            raise Unsupported("layers") from error
        copy.get_submodule(name).weight = nn.Parameter(sparse, requires_grad=False)
    return Ready(copy, x, kept)


FORMATS: Mapping[str, Format] = {
    build.__name__: build for build in (dense, masked_dense, csr, compacted, structured, semi_structured)
}
"""By name; dense is what all others are compared with."""


def n_bytes(network: nn.Module, *, training: bool) -> int:
    """Count the bytes of parameters, masks and indices read by a pass.

    Gradients and an optimizer's memory do not count.
    """
    held: list[Tensor] = []
    for module in network.modules():
        held += [*module.parameters(recurse=False), *module.buffers(recurse=False)]
        if isinstance(module, SparseLinear):
            held += module.matrix.indices(training=training)
        elif isinstance(module, FeedForward):
            held += module.indices(training=training)
    parts = [part for tensor in held for part in (_halves(tensor) if hasattr(tensor, "packed") else [tensor])]
    return sum(part.numel() * part.element_size() for part in parts)


def _halves(tensor: Any) -> list[Tensor]:
    """Return the kept half of a 2:4 matrix, and which half it is."""
    return [part for part in (tensor.packed, tensor.meta) if part is not None]


def _compact(network: nn.Module, masks: Masks, *, training: bool, example: Tensor | None = None) -> Compacted:
    try:
        return compact(network, masks, training=training, example=example)
    except TypeError as error:
        raise Unsupported("layers") from error
    except NotDefined as error:
        raise Unsupported("units") from error


def _linear(network: nn.Module) -> dict[str, nn.Linear]:
    """Return the linear layers by name."""
    layers = {name: network.get_submodule(name) for name in linear_layers(network)}
    return {name: module for name, module in layers.items() if isinstance(module, nn.Linear)}


def _layer(key: str) -> str:
    return key.removesuffix(".weight")


def _zeroed(network: nn.Module, masks: Masks) -> nn.Module:
    """Return a copy whose pruned weights are 0."""
    copy = deepcopy(network)
    with torch.no_grad():
        for key, mask in masks.items():
            copy.get_parameter(key).mul_(mask)
    return copy


def _pruned(network: nn.Module, masks: Masks) -> nn.Module:
    """Return the network itself, its kernels masked in every pass."""
    for key, mask in masks.items():
        mask = mask.to(network.get_parameter(key).device)
        prune.custom_from_mask(network.get_submodule(_layer(key)), "weight", mask)  # type: ignore[no-untyped-call]
    return network
