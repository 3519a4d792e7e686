"""Initial weights, from a keyed generator."""

import torch
from torch import nn


def initialise(model: nn.Module, generator: torch.Generator) -> None:
    """Set kernels to Glorot-normal draws and biases to 0, in the order of `model.named_parameters()`.

    A kernel `(n_out, n_in, *kernel)` gets a standard deviation of sqrt(2 / (fan_in + fan_out)), not truncated.
    `generator` must live on the model's device; initialise on the CPU, then move, for the same weights everywhere.

    Raises `TypeError` for a parameter that is neither kernel nor bias, such as the scale of a norm.
    Source: Glorot & Bengio 2010, equation 12, as a normal; Frankle & Carbin 2019, arXiv 1803.03635, figure 2.
    """
    for name, parameter in model.named_parameters():
        if parameter.ndim >= 2:
            nn.init.xavier_normal_(parameter, generator=generator)
        elif name.endswith("bias"):
            nn.init.zeros_(parameter)
        else:
            raise TypeError(f"no initialisation is defined for {name}, of shape {tuple(parameter.shape)}")
