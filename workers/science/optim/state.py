"""The state of optimizers as plain JSON and named tensors, so that a training can go on in another process."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

# The schedule sets the rate anew at each step, from the one that the optimizer was built with.
_NOT_KEPT = ("params", "lr")


Of = dict[str, Any]
"""What an optimizer remembers of one parameter."""


def _whole(tensor: Tensor) -> Tensor:
    return tensor


def _instead(kept: Of, now: Of) -> Of:  # noqa: ARG001 (fresh optimizers remember nothing)
    return kept


def dump(
    optimizers: Sequence[torch.optim.Optimizer], part: Callable[[Tensor], Tensor] = _whole
) -> tuple[list[Any], dict[str, Tensor]]:
    """Return JSON for each optimizer, and the tensors it names (on the CPU, copies); of each tensor, `part` of it."""
    tensors: dict[str, Tensor] = {}
    values: list[Any] = []
    for i, optimizer in enumerate(optimizers):
        state = optimizer.state_dict()
        groups = [{key: v for key, v in group.items() if key not in _NOT_KEPT} for group in state["param_groups"]]
        values.append(_plain({"state": state["state"], "groups": groups}, f"{i}", tensors, part))
    return values, tensors


def load(
    optimizers: Sequence[torch.optim.Optimizer],
    values: Sequence[Any],
    tensors: Mapping[str, Tensor],
    blend: Callable[[Of, Of], Of] = _instead,
) -> None:
    """Make optimizers remember what `dump` gave. Raises `ValueError` when they are others than those.

    Of each parameter, `blend(kept, now)` of what was saved and what they know already.
    """
    if len(values) != len(optimizers):
        raise ValueError(f"{len(values)} optimizers were saved, and there are {len(optimizers)}")
    for optimizer, value in zip(optimizers, values, strict=True):
        kept = _unpacked(value, tensors)
        now = optimizer.state_dict()
        groups = [{**group, **before} for group, before in zip(now["param_groups"], kept["groups"], strict=True)]
        state = {index: blend(values, now["state"].get(index, {})) for index, values in kept["state"].items()}
        optimizer.load_state_dict({"state": state, "param_groups": groups})


def _plain(value: Any, name: str, tensors: dict[str, Tensor], part: Callable[[Tensor], Tensor]) -> Any:
    """Return JSON of nested containers: a dictionary as pairs, as its keys may be numbers.

    A tensor by name and axes.
    """
    if isinstance(value, Tensor):
        value = part(value)
        # As it lies in memory: a product of the same matrix laid out otherwise is rounded otherwise.
        order = sorted(range(value.dim()), key=value.stride().__getitem__, reverse=True)
        tensors[name] = value.detach().cpu().permute(order).clone(memory_format=torch.contiguous_format)
        return {"tensor": [name, order]}
    if isinstance(value, dict):
        return {"pairs": [[key, _plain(item, f"{name}.{key}", tensors, part)] for key, item in value.items()]}
    if isinstance(value, list | tuple):
        kind = "list" if isinstance(value, list) else "tuple"
        return {kind: [_plain(item, f"{name}.{i}", tensors, part) for i, item in enumerate(value)]}
    if value is None or isinstance(value, bool | int | float | str):
        return {"value": value}
    raise TypeError(f"{name} of an optimizer is a {type(value).__name__}, which cannot be saved")


def _unpacked(plain: Any, tensors: Mapping[str, Tensor]) -> Any:
    ((kind, value),) = plain.items()
    match kind:
        case "tensor":
            name, order = value
            return tensors[name].permute(sorted(range(len(order)), key=order.__getitem__))
        case "pairs":
            return {key: _unpacked(item, tensors) for key, item in value}
        case "list":
            return [_unpacked(item, tensors) for item in value]
        case "tuple":
            return tuple(_unpacked(item, tensors) for item in value)
    return value
