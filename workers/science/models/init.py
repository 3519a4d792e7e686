"""Initial weights, from a keyed generator."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

TABLE = 0.02
"""Standard deviation of the entries of embeddings and positions (Dosovitskiy et al. 2021)."""
SMALL = 0.02
"""Standard deviation of kernels that are drawn normal whatever their size (Radford et al. 2018)."""
_LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.LayerNorm, nn.GroupNorm)


def _kaiming_normal(kernel: Tensor, generator: torch.Generator) -> None:
    nn.init.kaiming_normal_(kernel, nonlinearity="relu", generator=generator)


def _kaiming_uniform(kernel: Tensor, generator: torch.Generator) -> None:
    nn.init.kaiming_uniform_(kernel, nonlinearity="relu", generator=generator)


def _glorot_normal(kernel: Tensor, generator: torch.Generator) -> None:
    nn.init.xavier_normal_(kernel, generator=generator)


def _normal(kernel: Tensor, generator: torch.Generator) -> None:
    nn.init.normal_(kernel, std=SMALL, generator=generator)


def _orthogonal(kernel: Tensor, generator: torch.Generator) -> None:
    nn.init.orthogonal_(kernel, generator=generator)


DRAWS: Mapping[str, Callable[[Tensor, torch.Generator], None]] = {
    "glorot_normal": _glorot_normal,
    "kaiming_normal": _kaiming_normal,
    "kaiming_uniform": _kaiming_uniform,
    "orthogonal": _orthogonal,
    "normal": _normal,
}


def initialise(model: nn.Module, generator: torch.Generator, draw: str = "glorot_normal") -> None:
    """Draw kernels, and set biases to 0 and the scales of norms to 1, in the order of `model.named_parameters()`.

    A kernel is `(n_out, n_in, *kernel)`; fans count the positions of its kernel. Glorot draws normal numbers, not
    truncated, of variance 2 / (fan_in + fan_out). Kaiming normal and Kaiming uniform draw numbers of variance 2 /
    fan_in. Orthogonal makes the rows of `(n_out, -1)` orthonormal, or its columns where these are fewer. Normal draws
    with a standard deviation of 0.02. Tables that no product uses, such as embeddings, positions and class tokens, are
    normal with a standard deviation of 0.02. `generator` must live on the model's device; initialise on the CPU, then
    move, for the same weights everywhere.

    Normal draws a vector that is neither bias nor a norm's in the same way. The other draws count what a unit reads, so
    they are not defined for it.

    Raises `KeyError` for another `draw`, `TypeError` for a parameter for which the draw is not defined.
    Source: Glorot & Bengio 2010, equation 12, as a normal. Frankle & Carbin 2019, arXiv 1803.03635, figure 2.
    He et al. 2015, arXiv 1502.01852, equation 10. Saxe et al. 2014, arXiv 1312.6120, section 3.
    Radford et al. 2018, "Improving language understanding by generative pre-training", section 4.1.
    """
    scales, kernels = (
        {f"{name}.weight".removeprefix(".") for name, module in model.named_modules() if isinstance(module, kinds)}
        for kinds in (_NORMS, _LAYERS)
    )
    for name, parameter in model.named_parameters():
        if name in scales:
            nn.init.ones_(parameter)
        elif parameter.ndim >= 2 and name not in kernels:
            nn.init.normal_(parameter, std=TABLE, generator=generator)
        elif parameter.ndim >= 2:
            DRAWS[draw](parameter, generator)
        elif name.endswith("bias"):
            nn.init.zeros_(parameter)
        elif draw == "normal":
            _normal(parameter, generator)
        else:
            raise TypeError(f"{draw} is not defined for {name}, of shape {tuple(parameter.shape)}")
