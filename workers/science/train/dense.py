"""A single network, laid out as it is."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from workers.science.data.dataset import Dataset, Split
from workers.science.metrics.evaluate import Evaluation, evaluate
from workers.science.optim import state as optimizer_state
from workers.science.train.batches import Batches, Feed, feed
from workers.science.train.layout import precision
from workers.science.train.task import CLASSIFICATION, Task


class Dense:
    """`network` as it is, trained on `task`.

    With `autocast`, losses of minibatches are computed in that type where torch holds it for safe; weights, gradients
    and evaluations are not.
    """

    slots = 1
    repeats = True
    sparse: tuple[str, ...] = ()
    """Names of the layers that hold their kept weights only."""

    def __init__(self, network: nn.Module, task: Task = CLASSIFICATION, *, autocast: torch.dtype | None = None) -> None:
        self.network, self.task = network, task
        self._parameters = [p for p in network.parameters() if p.requires_grad]
        self._lower = precision(self._parameters[0].device, autocast)

    @property
    def kernels(self) -> Mapping[str, nn.Parameter]:
        return dict(self.network.named_parameters())

    def feed(self, data: Dataset, batches: Mapping[int, Batches], steps: int) -> Feed:
        return feed(data, batches[0])

    def gradients(self, x: Tensor, y: Tensor) -> Sequence[Tensor]:
        for parameter in self._parameters:
            parameter.grad = None
        with self._lower():
            loss = self.task.loss(self.network(x), y)
        loss.backward()  # type: ignore[no-untyped-call]
        return (loss.detach(),)

    def evaluate(self, split: Split) -> Sequence[Evaluation]:
        return (evaluate(self.network, split, self.task),)

    def part(self, tensor: Tensor, slot: int) -> Tensor:
        return tensor

    def alone(self, slot: int) -> "Dense":
        return self

    def state(self, slot: int = 0) -> dict[str, Tensor]:
        return {name: tensor.detach().cpu().clone() for name, tensor in self.network.state_dict().items()}

    def raw(self, slot: int) -> Mapping[str, Tensor]:
        return self.network.state_dict()

    def load(self, slot: int, raw: Mapping[str, Tensor]) -> None:
        self.network.load_state_dict(raw)

    def memory(self, optimizers: Sequence[torch.optim.Optimizer], slot: int) -> tuple[list[Any], dict[str, Tensor]]:
        return optimizer_state.dump(optimizers)

    def restore(
        self,
        optimizers: Sequence[torch.optim.Optimizer],
        slot: int,
        values: Sequence[Any],
        tensors: Mapping[str, Tensor],
    ) -> None:
        optimizer_state.load(optimizers, values, tensors)
