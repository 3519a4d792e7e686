"""Give an optimizer that treats tensors by their roles the names that it needs."""

from collections.abc import Callable
from functools import partial
from inspect import signature
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from workers.science.architecture.architecture import architecture

Build: TypeAlias = Callable[..., list[torch.optim.Optimizer]]
_OTHERS = ("first", "output", "embedding")


def for_model(build: Build, model: nn.Module, example: Tensor) -> Build:
    """Return the builder with the model's `hidden` kernels bound, if it takes these.

    Hidden are kernels that neither read the input nor give the output, shortcuts and attentions among them.
    Raises `NotDefined` for a builder that takes them and a model that cannot be traced.
    """
    if "hidden" not in signature(build).parameters:
        return build
    kernels = architecture(model, example).kernels
    more: dict[str, Any] = {"hidden": [kernel.name for kernel in kernels if kernel.role not in _OTHERS]}
    return partial(build, **more)
