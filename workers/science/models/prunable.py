"""Which parameters may be pruned, and of what kind they are."""

from dataclasses import dataclass
from typing import Literal

from torch import nn


@dataclass(frozen=True)
class Layer:
    """A prunable kernel: its parameter name such as "fc1.weight", its kind and its shape `(n_out, n_in, *kernel)`."""

    name: str
    kind: Literal["linear", "conv", "output"]
    shape: tuple[int, ...]


def prunable(model: nn.Module) -> dict[str, Layer]:
    """Kernels of all linear and convolution layers by parameter name, in the model's order.

    The last linear layer is the output. Biases and the parameters of norms are never prunable, and density ignores
    them.
    """
    layers: dict[str, Layer] = {}
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear | nn.Conv1d | nn.Conv2d | nn.Conv3d):
            kind: Literal["linear", "conv"] = "linear" if isinstance(module, nn.Linear) else "conv"
            layers[f"{name}.weight"] = Layer(f"{name}.weight", kind, tuple(module.weight.shape))
    linear = [layer for layer in layers.values() if layer.kind == "linear"]
    if linear:
        layers[linear[-1].name] = Layer(linear[-1].name, "output", linear[-1].shape)
    return layers
