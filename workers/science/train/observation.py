"""A weight matrix watched at chosen steps, as a hook."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from math import isfinite

import torch
from torch import Tensor

from workers.science.train.events import Diverged, Observed, SlotEvent
from workers.science.train.hooks import Hook


class Observe(Hook):
    """The watched matrix of each slot: at `steps` its raw gradient and what the update added to it.

    `matrices` are parameters by slot; `first()` gives the losses by slot of the first batch, before any step. A matrix
    that is not finite ends its training, and no event shows it.
    """

    def __init__(
        self, matrices: Mapping[int, Tensor], steps: Collection[int], first: Callable[[], Sequence[Tensor]]
    ) -> None:
        self._matrices, self._steps, self._first = matrices, steps, first
        self._before: dict[int, Tensor] = {}
        self._gradients: dict[int, Tensor] = {}

    def before_step(self, step: int, live: Collection[int]) -> None:
        if step + 1 in self._steps:
            self._before = {slot: self._matrices[slot].detach().clone() for slot in live}
            self._gradients = {}

    def after_backward(self, step: int, live: Collection[int]) -> None:
        # A second gradient of the batch, which an optimizer may need, is not the raw one.
        if step + 1 in self._steps and not self._gradients:
            gradients = {slot: self._matrices[slot].grad for slot in live}
            self._gradients = {slot: gradient.clone() for slot, gradient in gradients.items() if gradient is not None}

    def measure(self, step: int, means: Mapping[int, float]) -> Iterator[SlotEvent]:
        losses = [loss.item() for loss in self._first()] if step == 0 else []
        for slot, mean in tuple(means.items()):
            loss = losses[slot] if losses else mean
            matrix = self._matrices[slot].detach()
            if not (isfinite(loss) if losses else bool(torch.isfinite(matrix).all())):
                yield slot, Diverged(step)
            elif losses:
                yield slot, Observed(step, loss, None, None)
            else:
                yield slot, Observed(step, loss, self._gradients.get(slot), matrix - self._before[slot])
