"""Which optimizer moves which tensor."""

from collections.abc import Iterable

import torch
from torch import nn


def moved_by(model: nn.Module, optimizers: Iterable[torch.optim.Optimizer]) -> dict[str, str]:
    """Return parameter name -> name of the optimizer that moves it, by the memory they share.

    Raises `ValueError` when a parameter is moved by none of them, or by two.
    """
    owners: dict[int, list[str]] = {}
    for optimizer in optimizers:
        name = _name(type(optimizer))
        for group in optimizer.param_groups:
            for tensor in group["params"]:
                owners.setdefault(tensor.data_ptr(), []).append(name)
    moved = {}
    for name, parameter in model.named_parameters():
        names = owners.get(parameter.data_ptr(), [])
        if len(names) != 1:
            raise ValueError(f"{name} is moved by {' and '.join(names) or 'no optimizer'}")
        moved[name] = names[0]
    return moved


def _name(kind: type[torch.optim.Optimizer]) -> str:
    """Return the name of the torch optimizer which `kind` is a form of, or its own if it is of none."""
    torchs = (base.__name__ for base in kind.__mro__ if base.__module__.startswith("torch.optim"))
    name = next(torchs)
    return kind.__name__ if name == "Optimizer" else name
