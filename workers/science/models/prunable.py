"""Which parameters may be pruned, and of what kind they are."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from torch import Tensor, nn

from workers.science.architecture.architecture import architecture
from workers.science.architecture.errors import NotDefined

Kind: TypeAlias = Literal["linear", "conv", "output"]


@dataclass(frozen=True)
class Layer:
    """A prunable kernel: its parameter name such as "fc1.weight", its kind and its shape `(n_out, n_in, *kernel)`.

    Each of `groups` equal runs of units reads inputs of its own, `n_in` of them.
    """

    name: str
    kind: Kind
    shape: tuple[int, ...]
    groups: int = 1


def prunable(model: nn.Module, example: Tensor | None = None) -> dict[str, Layer]:
    """Return kernels of all linear and convolution layers by parameter name, in the order of their computation.

    Tables of embeddings, biases and the parameters of norms are never prunable, and density ignores them. Order and
    roles are read off a run on `example`, two inputs or more. Without one, and where that is not defined, the modules
    are taken in their own order, and the last linear layer is the output.
    """
    if example is not None:
        try:
            kernels = architecture(model, example).kernels
        except NotDefined:
            return prunable(model)
        pruned = [kernel for kernel in kernels if kernel.role != "embedding"]
        kinds = [_kind(kernel.shape, output=kernel.role == "output") for kernel in pruned]
        return {k.name: Layer(k.name, kind, k.shape, k.groups) for k, kind in zip(pruned, kinds, strict=True)}
    layers: dict[str, Layer] = {}
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear | nn.Conv1d | nn.Conv2d | nn.Conv3d):
            kernel = f"{name}.weight"
            shape = tuple(module.weight.shape)
            layers[kernel] = Layer(kernel, _kind(shape), shape, getattr(module, "groups", 1))
    linear = [layer for layer in layers.values() if layer.kind == "linear"]
    if linear:
        last = linear[-1]
        layers[last.name] = Layer(last.name, "output", last.shape)
    return layers


def _kind(shape: tuple[int, ...], *, output: bool = False) -> Kind:
    return "output" if output else "conv" if len(shape) > 2 else "linear"
