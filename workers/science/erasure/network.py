"""The network of the erasure study: three weight matrices, no biases, from scaled orthogonal weights."""

from collections import OrderedDict
from math import sqrt

import torch
from torch import nn

LAYERS = ("fc1", "fc2", "fc3")


class _Linear(nn.Linear):
    """A linear layer without bias, whose weights are still to be set."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__(n_in, n_out, bias=False)

    def reset_parameters(self) -> None:
        """Set all weights to 0, so that nothing is drawn from the global generator."""
        nn.init.zeros_(self.weight)


def build(n_in: int, width: int, n_classes: int) -> nn.Module:
    """Return a multilayer perceptron n_in–width–width–n_classes with ReLU, all weights 0.

    Source: docs.modula.systems, "Weight erasure" (3072–1024–1024–10).
    """
    return nn.Sequential(
        OrderedDict(
            flatten=nn.Flatten(),
            fc1=_Linear(n_in, width),
            relu1=nn.ReLU(),
            fc2=_Linear(width, width),
            relu2=nn.ReLU(),
            fc3=_Linear(width, n_classes),
        )
    )


@torch.no_grad()
def initialise(model: nn.Module, generator: torch.Generator) -> None:
    """Set each matrix `(n_out, n_in)` to a random one with all singular values sqrt(n_out / n_in).

    `generator` must live on the model's device; initialise on the CPU, then move, for the same weights everywhere.
    Source: docs.modula.systems, "Weight erasure": orthogonal, scaled to a spectral norm of sqrt(fan-out / fan-in).
    """
    for weight in model.parameters():
        n_out, n_in = weight.shape
        nn.init.orthogonal_(weight, gain=sqrt(n_out / n_in), generator=generator)
