"""SAM: SGD by the gradient taken a little uphill, where flat valleys look lower than sharp ones."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import ClassVar

import torch
from torch import nn

from workers.science.optim.orthogonalise import reciprocal


class Sam(torch.optim.Optimizer):
    """Sharpness-aware minimisation with SGD with momentum below it; each step takes a second gradient."""

    asks_again: ClassVar[bool] = True
    """Read by `workers.science.optim.step`: `step` wants a closure that computes the gradients once more."""

    def __init__(self, model: nn.Module, *, lr: float, rho: float, momentum: float, weight_decay: float) -> None:
        self._norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d)]
        rates = {"lr": lr, "rho": rho, "momentum": momentum, "weight_decay": weight_decay}
        super().__init__(model.parameters(), rates)

    @torch.no_grad()
    def step(self, closure: Callable[[], object]) -> None:  # type: ignore[override]
        """Update once; `closure` replaces the gradients by those at the weights as they then are, and is called once.

        A weight whose gradient is 0 stays where it is for the second gradient too. The weights come back to the bit
        before they are updated.
        """
        moving = [p for group in self.param_groups for p in group["params"] if p.grad is not None]
        if not moving:
            return
        here = [p.clone() for p in moving]
        gradients = [p.grad for p in moving]
        norm = torch.linalg.vector_norm(torch.stack([g.norm(dtype=torch.float64) for g in gradients]))
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    p.add_(p.grad * (group["rho"] * reciprocal(norm)).to(p.dtype))
        with _still(self._norms):
            torch.enable_grad()(closure)()
        torch._foreach_copy_(moving, here)
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    velocity = p.grad.add(p, alpha=group["weight_decay"])
                    if "velocity" in self.state[p]:
                        velocity.add_(self.state[p]["velocity"], alpha=group["momentum"])
                    self.state[p]["velocity"] = velocity
                    p.add_(velocity, alpha=-group["lr"])


@contextmanager
def _still(norms: Iterable[nn.BatchNorm1d | nn.BatchNorm2d]) -> Iterator[None]:
    """Leave the running statistics of norms as they are."""
    momenta = [(norm, norm.momentum) for norm in norms]
    for norm, _ in momenta:
        norm.momentum = 0.0
    try:
        yield
    finally:
        for norm, momentum in momenta:
            norm.momentum = momentum


def build(
    model: nn.Module, *, lr: float = 0.1, rho: float = 0.05, momentum: float = 0.9, weight_decay: float = 0.0
) -> list[torch.optim.Optimizer]:
    """Build one SAM over all parameters: g is taken at w + rho · g(w) / ‖g(w)‖, on the same batch.

    The norm is over all parameters. Below it SGD with momentum, not Nesterov's; weight decay is added to g at w itself.
    Running statistics of a batch norm follow the first gradient's pass alone.

    Source: Foret et al. 2021, arXiv 2010.01412, equations 2 and 3 and algorithm 1, with p = 2.
    """
    return [Sam(model, lr=lr, rho=rho, momentum=momentum, weight_decay=weight_decay)]
