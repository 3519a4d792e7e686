"""One step of a training's optimizers, whatever they need for it."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
from torch import Tensor


def step(optimizers: Iterable[torch.optim.Optimizer], again: Callable[[], object]) -> None:
    """Update the weights by the gradients that they hold.

    `again()` replaces these by the gradients, masked if the training is, at the weights as they then are. Only
    optimizers with an attribute `asks_again` call it.

    A decomposition that fails on numbers that are not finite makes all weights of its optimizer NaN, as arithmetic
    would have done. So the loop sees that the training diverged. Raises `torch.linalg.LinAlgError` for any other.
    """
    for optimizer in optimizers:
        if getattr(optimizer, "asks_again", False):
            optimizer.step(again)  # type: ignore[arg-type]
            continue
        try:
            optimizer.step()
        except torch.linalg.LinAlgError:  # type: ignore[attr-defined]
            if all(bool(torch.isfinite(tensor).all()) for tensor in _involved(optimizer)):
                raise
            with torch.no_grad():
                for parameter in _parameters(optimizer):
                    parameter.fill_(torch.nan)


def _parameters(optimizer: torch.optim.Optimizer) -> Iterator[Tensor]:
    for group in optimizer.param_groups:
        yield from group["params"]


def _involved(optimizer: torch.optim.Optimizer) -> Iterator[Tensor]:
    """Yield gradients, and all tensors of the optimizer's state."""
    yield from (p.grad for p in _parameters(optimizer) if p.grad is not None)
    yield from _tensors(list(optimizer.state.values()))


def _tensors(kept: Any) -> Iterator[Tensor]:
    """Yield tensors anywhere in nested lists and dictionaries."""
    if isinstance(kept, Tensor):
        yield kept
    elif isinstance(kept, dict | list):
        for part in kept.values() if isinstance(kept, dict) else kept:
            yield from _tensors(part)
