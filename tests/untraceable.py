"""A model whose code depends on its data, so that torch.fx cannot trace it: two files, as docs/add-a-model.md has it.

One of its parameters is a vector, which most initialisations do not draw.
"""

NAME = "halting_3"
_NETWORK = '''\
"""Halting-3: a perceptron that leaves out its second layer where the first one puts out little."""

import torch
from torch import Tensor, nn

from workers.science.models.blank import Linear


class Halting3(nn.Module):
    """Three linear layers, the second one only for batches with large activations."""

    def __init__(self, n_inputs: int, n_classes: int) -> None:
        super().__init__()
        self.fc1 = Linear(n_inputs, 32)
        self.gain = nn.Parameter(torch.zeros(32))
        self.fc2 = Linear(32, 32)
        self.fc3 = Linear(32, n_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Pictures `(n, n_channels, height, width)` to logits `(n, n_classes)`."""
        x = torch.relu((1 + self.gain) * self.fc1(x.flatten(1)))
        if x.mean() > 0.01:
            x = torch.relu(self.fc2(x))
        return self.fc3(x)  # type: ignore[no-any-return]


def build(shape: tuple[int, ...], n_classes: int) -> nn.Module:
    """A network from pictures `(n, *shape)` to logits `(n, n_classes)`, its weights still to be initialised."""
    return Halting3(shape[0] * shape[1] * shape[2], n_classes)
'''
_DESCRIPTION = '''\
"""Halting-3: what the model is and takes."""

from math import prod
from typing import ClassVar, Literal

from app.contract.budgets import Kernel
from app.contract.params import ModelParams
from app.methods.method import Method


class Halting3(ModelParams):
    kind: Literal["halting_3"]
    stackable: ClassVar[bool] = False
    untraceable: ClassVar[str] = "its second layer depends on the data"

    def kernels(self, shape: tuple[int, ...], n_classes: int) -> list[Kernel]:
        return [Kernel("linear", prod(shape) * 32), Kernel("linear", 32 * 32), Kernel("output", 32 * n_classes)]

    def undrawn(self, init: str) -> str | None:
        return None if init == "normal" else "gain is a vector, and only normal draws one"


METHOD = Method(
    params=Halting3,
    title="Halting-3",
    summary="Three linear layers, the second one only where the first puts out much.",
    source="no paper: a model for tests",
)
'''
FILES = {
    f"workers/science/models/{NAME}.py": _NETWORK,
    f"app/methods/model/{NAME}.py": _DESCRIPTION,
}
