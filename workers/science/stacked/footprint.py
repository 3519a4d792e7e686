"""The memory of replicates that train as one stack, estimated from the tensors of one of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from workers.science.data.dataset import Dataset
from workers.science.models.prunable import prunable
from workers.science.train.evaluation import PIECE


@dataclass(frozen=True)
class Footprint:
    """Bytes `shared` by all replicates, and those `per_replicate`; what libraries need is not counted."""

    shared: int
    per_replicate: int

    def fit(self, room: int) -> int:
        """Return how many replicates `room` bytes hold; 0 when not even one fits."""
        return max(0, room - self.shared) // self.per_replicate


def footprint(
    model: nn.Module, optimizers: Callable[[nn.Module], Sequence[torch.optim.Optimizer]], data: Dataset, batch_size: int
) -> Footprint:
    """Return the bytes that training takes.

    Shared is the data set. Each replicate has its weights, their gradients,
    masks, optimizer state and a batch's activations.

    A batch holds what every layer puts out, and the gradient of each; an evaluation what one layer takes and puts out.
    `model` is on the CPU; it is left with gradients of 0 and as its `optimizers(model)` move it by these.
    """
    weights = [parameter for parameter in model.parameters() if parameter.requires_grad]
    masks = [model.get_parameter(name) for name in prunable(model, data.train.x[:2])]
    kept = _bytes([*weights, *model.buffers()]) + _bytes(weights) + _bytes(masks)
    remembered = _remembered(optimizers(model), weights)
    taken, put_out = _activations(model, data)
    trained = 2 * min(batch_size, len(data.train)) * (taken[0] + sum(put_out))
    longest = max(len(split) for split in (data.train, data.validation, data.test))
    evaluated = min(PIECE, longest) * max(a + b for a, b in zip(taken, put_out, strict=True))
    splits = [tensor for split in (data.train, data.validation, data.test) for tensor in (split.x, split.y)]
    return Footprint(_bytes(splits), kept + remembered + max(trained, evaluated))


def _bytes(tensors: Sequence[Tensor]) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def _remembered(optimizers: Sequence[torch.optim.Optimizer], weights: Sequence[Tensor]) -> int:
    """Return what optimizers hold after a step. Counts of steps are shared and next to nothing."""
    for weight in weights:
        weight.grad = torch.zeros_like(weight)
    for optimizer in optimizers:
        optimizer.step()
    states = (kept for optimizer in optimizers for kept in optimizer.state.values())
    return _bytes([value for kept in states for value in kept.values() if isinstance(value, Tensor) and value.dim()])


def _activations(model: nn.Module, data: Dataset) -> tuple[list[int], list[int]]:
    """Return bytes of one example that each layer takes and puts out, in their order."""
    taken, put_out = list[int](), list[int]()

    def note(_: nn.Module, args: tuple[Any, ...], output: Tensor) -> None:
        taken.append(_bytes([args[0]]))
        put_out.append(_bytes([output]))

    layers = [module for module in model.modules() if not list(module.children())]
    hooks = [layer.register_forward_hook(note) for layer in layers]
    with torch.no_grad():
        model(data.train.x[:1])
    for hook in hooks:
        hook.remove()
    return taken, put_out
