"""What the loop needs of a network, or of several that are trained as one stack."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from workers.science.data.dataset import Dataset, Split
from workers.science.metrics.evaluate import Evaluation
from workers.science.train.batches import Batches, Feed


class Layout(Protocol):
    """Networks laid out for training: each has a slot, a single one slot 0.

    `network` holds the parameters that optimizers move. `repeats` is whether these may need a second gradient of a
    batch. `kernels` are the parameters that masks may hold, by the names of the original network.
    """

    slots: int
    repeats: bool
    network: nn.Module

    @property
    def kernels(self) -> Mapping[str, nn.Parameter]: ...

    def feed(self, data: Dataset, batches: Mapping[int, Batches], steps: int) -> Feed:
        """Return what gives the training batches of a step, in the form that `gradients` takes; about `steps` times."""

    def gradients(self, x: Tensor, y: Tensor) -> Sequence[Tensor]:
        """Return the mean loss of each slot; gradients of these replace those that the parameters held."""

    def evaluate(self, split: Split) -> Sequence[Evaluation]:
        """Return loss and accuracy of each slot on a small split, in evaluation mode."""

    def part(self, tensor: Tensor, slot: int) -> Tensor:
        """Return the view of a parameter, or of a tensor like it, that belongs to a slot."""

    def alone(self, slot: int) -> "Layout":
        """Return a layout of the network in a slot by itself, to be evaluated."""

    def state(self, slot: int) -> dict[str, Tensor]:
        """Return all tensors of the network in a slot by the names of the original network: copies on the CPU."""

    def raw(self, slot: int) -> Mapping[str, Tensor]:
        """Return the tensors from which the network in a slot can go on: views or copies."""

    def load(self, slot: int, raw: Mapping[str, Tensor]) -> None:
        """Set the network in a slot to what `raw` gave. Raises `RuntimeError` or `KeyError` for other networks."""

    def memory(self, optimizers: Sequence[torch.optim.Optimizer], slot: int) -> tuple[list[Any], dict[str, Tensor]]:
        """Return what optimizers of `network` remember of a slot, as JSON and the tensors that it names."""

    def restore(
        self,
        optimizers: Sequence[torch.optim.Optimizer],
        slot: int,
        values: Sequence[Any],
        tensors: Mapping[str, Tensor],
    ) -> None:
        """Make optimizers remember what `memory` gave. Raises `ValueError` when they are others than those."""


def precision(device: torch.device, autocast: torch.dtype | None) -> Callable[[], AbstractContextManager[None]]:
    """Return what makes a context in which products are computed in the type `autocast`, or as they are."""
    return nullcontext if autocast is None else partial(torch.autocast, device.type, autocast)
