"""Lion: steps of one size, along the sign of a running mean."""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn


class Lion(torch.optim.Optimizer):
    """Evolved sign momentum: every weight moves by lr or not at all, and shrinks by lr · weight_decay."""

    def __init__(self, parameters: Iterable[Tensor], *, lr: float, betas: tuple[float, float], weight_decay: float):
        super().__init__(parameters, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """One update from the gradients that the parameters hold."""
        loss = None if closure is None else torch.enable_grad()(closure)()
        for group in self.param_groups:
            lr, (in_step, in_mean) = group["lr"], group["betas"]
            parameters = [p for p in group["params"] if p.grad is not None]
            if not parameters:
                continue
            gradients = [p.grad for p in parameters]
            for p in parameters:
                if "mean" not in self.state[p]:
                    self.state[p]["mean"] = torch.zeros_like(p)
            means = [self.state[p]["mean"] for p in parameters]
            updates = torch._foreach_sign(torch._foreach_lerp(means, gradients, 1 - in_step))
            torch._foreach_mul_(parameters, 1 - lr * group["weight_decay"])
            torch._foreach_add_(parameters, updates, alpha=-lr)
            torch._foreach_lerp_(means, gradients, 1 - in_mean)
        return loss


def build(
    model: nn.Module, *, lr: float = 3e-4, betas: tuple[float, float] = (0.9, 0.99), weight_decay: float = 0.0
) -> list[torch.optim.Optimizer]:
    """One Lion over all parameters, biases too; the mean starts at 0 and is not corrected for it.

    A pruned weight has gradient and mean 0, whose sign is 0: it does not move.

    Source: Chen et al. 2023, arXiv 2302.06675, algorithm 2.
    """
    return [Lion(model.parameters(), lr=lr, betas=betas, weight_decay=weight_decay)]
