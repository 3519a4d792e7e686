"""Layers that start at 0: torch's default initialisation would cost time, draw from the global generator and be lost.

A forgotten `init.initialise` shows the same way each time. (Building on the meta device instead imports 486 modules:
0.3 s at each worker's start.)
"""

import torch
from torch import nn


class Linear(nn.Linear):
    """`torch.nn.Linear` with weights and biases 0."""

    def reset_parameters(self) -> None:
        _zero(self)


class Conv2d(nn.Conv2d):
    """`torch.nn.Conv2d` with kernels and biases 0."""

    def reset_parameters(self) -> None:
        _zero(self)


class Embedding(nn.Embedding):
    """`torch.nn.Embedding` with a table of 0."""

    def reset_parameters(self) -> None:
        _zero(self)


@torch.no_grad()
def _zero(module: nn.Module) -> None:
    for parameter in module.parameters():
        parameter.zero_()
