"""A schedule of learning rates as a hook."""

from collections.abc import Callable, Collection, Sequence

import torch

from workers.science.train.hooks import Hook


class Rates(Hook):
    """`factor(step)` multiplies the learning rates that the optimizers came with."""

    def __init__(self, optimizers: Sequence[torch.optim.Optimizer], factor: Callable[[int], float]) -> None:
        self._factor = factor
        # Groups are looked up at each step: a slot that joins has its optimizers make new ones.
        self._rates = [
            (optimizer, i, group["lr"]) for optimizer in optimizers for i, group in enumerate(optimizer.param_groups)
        ]

    def before_step(self, step: int, live: Collection[int]) -> None:
        scale = self._factor(step)
        for optimizer, i, lr in self._rates:
            optimizer.param_groups[i]["lr"] = lr * scale
