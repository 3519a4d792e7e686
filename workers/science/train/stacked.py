"""Several networks of one shape, laid out as one stack."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from workers.science.data.dataset import Dataset, Split
from workers.science.metrics.evaluate import Evaluation
from workers.science.stacked import memory
from workers.science.stacked.network import StackedNetwork
from workers.science.train.batches import Batches, Feed, feed_stack
from workers.science.train.dense import Dense
from workers.science.train.layout import precision
from workers.science.train.task import CLASSIFICATION, Task


class Stacked:
    """The networks of `stack`, trained on `task`; `autocast` is as for `Dense`.

    Optimizers of `network` must move each weight by its own gradients alone. Those of a single slot move its `view`.
    """

    repeats = False

    def __init__(
        self, stack: StackedNetwork, task: Task = CLASSIFICATION, *, autocast: torch.dtype | None = None
    ) -> None:
        self.stack, self.task = stack, task
        self.slots, self.network = stack.slots, stack.module
        self._parameters = list(self.network.parameters())
        self._views: dict[int, nn.Module] = {}
        self._lower = precision(self._parameters[0].device, autocast)

    @property
    def kernels(self) -> Mapping[str, nn.Parameter]:
        return dict(self.network.named_parameters())

    def view(self, slot: int) -> nn.Module:
        """Return the network in a slot, which gets its own part of each gradient: it lies in the stack's memory."""
        if slot not in self._views:
            self._views[slot] = self.stack.view(slot)
        return self._views[slot]

    def feed(self, data: Dataset, batches: Mapping[int, Batches], steps: int) -> Feed:
        silent = next(iter(batches.values()))
        return feed_stack(data, [batches.get(slot, silent) for slot in range(self.slots)])

    def gradients(self, x: Tensor, y: Tensor) -> Sequence[Tensor]:
        for parameter in self._parameters:
            parameter.grad = None
        with self._lower():
            losses = self.task.losses(self.stack(x), y)
        # Each network's gradient is that of its own term.
        losses.sum().backward()  # type: ignore[no-untyped-call]
        for slot, view in self._views.items():
            for parameter, wide in zip(view.parameters(), self._parameters, strict=True):
                parameter.grad = None if wide.grad is None else wide.grad[slot]
        return losses.detach().unbind()

    @torch.no_grad()
    def evaluate(self, split: Split) -> Sequence[Evaluation]:
        """Return for each slot what `metrics.evaluate.evaluate` gives for its network.

        The stack is left in training mode.
        `split` is seen at once, by all slots. Raises `ValueError` on an empty split.
        """
        if len(split) == 0:
            raise ValueError("cannot evaluate on an empty split")
        self.stack.train(False)
        outputs = self.stack(split.x.expand(self.slots, *split.x.shape)).flatten(0, 1)
        self.stack.train()
        y = split.y.expand(self.slots, *split.y.shape).flatten(0, 1)
        losses, right = (
            values.reshape(self.slots, -1).double()
            for values in (self.task.prediction_losses(outputs, y), self.task.right(outputs, y))
        )
        # Read back once: a GPU need not wait twice.
        sums = torch.stack([losses.sum(dim=1), right.sum(dim=1)]).tolist()
        n = losses.shape[1]
        return [Evaluation(loss / n, correct / n) for loss, correct in zip(*sums, strict=True)]

    def part(self, tensor: Tensor, slot: int) -> Tensor:
        return tensor[slot]

    def alone(self, slot: int) -> Dense:
        """Return a network of its own that is in the state of a slot: always the same one."""
        return Dense(self.stack.one(slot), self.task)

    def state(self, slot: int) -> dict[str, Tensor]:
        return self.stack.state(slot)

    def raw(self, slot: int) -> Mapping[str, Tensor]:
        return self.stack.state(slot)

    def load(self, slot: int, raw: Mapping[str, Tensor]) -> None:
        self.stack.put(slot, raw)

    def memory(self, optimizers: Sequence[torch.optim.Optimizer], slot: int) -> tuple[list[Any], dict[str, Tensor]]:
        return memory.dump(optimizers, slot)

    def restore(
        self,
        optimizers: Sequence[torch.optim.Optimizer],
        slot: int,
        values: Sequence[Any],
        tensors: Mapping[str, Tensor],
    ) -> None:
        memory.load(optimizers, slot, self.slots, values, tensors)
