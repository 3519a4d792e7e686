"""One pass of a network, for inference or training, and how far it agrees with the dense network's."""

from collections.abc import Callable, Mapping
from copy import deepcopy

import torch
from torch import Tensor, nn

from workers.science.sparse.feed_forward import FeedForward
from workers.science.sparse.formats import Ready

LR = 0.01
"""Rate of the one step by which gradients are compared."""


def one_pass(ready: Ready, *, training: bool) -> Callable[[], None]:
    """Return what is timed: the forward pass; for training also the gradients, and a step of SGD.

    The step is of rate 0, which costs as much and leaves every repeat the same numbers. Where `x` requires its
    gradient, as in the middle of a network, that is computed too.
    """
    network, x = ready.network, ready.x
    if not training:

        @torch.inference_mode()
        def infer() -> None:
            network(x)

        return infer
    optimizer = torch.optim.SGD(network.parameters(), lr=0.0)

    def train() -> None:
        x.grad = None
        _step(network, x, optimizer)

    return train


def error(ready: Ready, network: nn.Module, x: Tensor, *, training: bool) -> float:
    """Return the largest difference between the outputs of `ready` and of `network` under its masks, in doubles.

    Relative to the largest output, in [0, ∞). For training, the change of the outputs by one step of SGD is compared,
    so that every gradient at a kept weight counts. `ready` has then taken that step. 0 where both are 0 everywhere.
    """
    exact = deepcopy(network).double()
    _mask(exact, ready.masks)
    wide = x.double() if x.is_floating_point() else x
    mine, theirs = _outputs(ready.network, ready.x), _outputs(exact, wide)
    if training:
        _step(ready.network, ready.x, torch.optim.SGD(ready.network.parameters(), lr=LR))
        _step(exact, wide, torch.optim.SGD(exact.parameters(), lr=LR))
        if not ready.trains_all:
            _mask(exact, ready.masks)
        mine, theirs = _outputs(ready.network, ready.x) - mine, _outputs(exact, wide) - theirs
    largest = float(theirs.abs().max())
    difference = float((mine.double() - theirs).abs().max())
    return difference / largest if largest else 0.0 if difference == 0 else float("inf")


def _step(network: nn.Module, x: Tensor, optimizer: torch.optim.Optimizer) -> None:
    """Take one step; the loss is half the squared output, mean over the batch."""
    if isinstance(network, FeedForward):
        network.backward(x, _half_squares)
    else:
        optimizer.zero_grad()
        y = network(x)
        loss = y.square().sum() / (2 * len(y))
        loss.backward()
    optimizer.step()


def _half_squares(y: Tensor) -> tuple[Tensor, Tensor]:
    """Return value and gradient of the loss, for outputs `(n_units, n)`."""
    n = y.shape[1]
    return y.square().sum() / (2 * n), y / n


@torch.no_grad()
def _outputs(network: nn.Module, x: Tensor) -> Tensor:
    y: Tensor = network(x)
    return y


@torch.no_grad()
def _mask(network: nn.Module, masks: Mapping[str, Tensor]) -> None:
    for key, mask in masks.items():
        network.get_parameter(key).mul_(mask)
