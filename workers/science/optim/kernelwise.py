"""Steps of a size fixed by the layer's shape: the frame that the dualised optimizer and its two controls share."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from math import sqrt
from typing import Any

import torch
from torch import Tensor, nn

from workers.science.optim.orthogonalise import frobenius_norm, reciprocal


class Kernelwise(torch.optim.Optimizer, ABC):
    """Moves every kernel by lr · sqrt(n_out / n_in) / L times a direction that a subclass computes from its gradient.

    L is the number of kernels. A kernel `(n_out, n_in, *kernel)` counts as the matrix `(n_out, -1)`, whose columns n_in
    counts. A vector of n entries, such as a bias, moves by lr · sqrt(n) · g / ‖g‖ / L. That is the steepest step of
    that size in the root-mean-square norm. No momentum; how large a gradient is has no influence, and zeros move
    nothing.

    Raises `ValueError` without a kernel.
    """

    def __init__(self, model: nn.Module, *, lr: float) -> None:
        parameters = list(model.parameters())
        self._layers = sum(parameter.ndim >= 2 for parameter in parameters)
        if self._layers == 0:
            raise ValueError(f"{type(self).__name__} needs a model with at least one kernel")
        super().__init__(parameters, {"lr": lr})

    @abstractmethod
    def direction(self, gradient: Tensor, state: dict[str, Any]) -> tuple[Tensor, Tensor]:
        """Return where a matrix moves to, up to sign: a matrix (m, n), and the number by which to multiply it.

        `gradient` is (m, n), `state` is kept between steps. They are apart to spare a pass over the matrix.
        """

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Update once from the gradients that the parameters hold."""
        loss = None if closure is None else torch.enable_grad()(closure)()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                if parameter.ndim >= 2:
                    matrix = parameter.grad.reshape(parameter.shape[0], -1)
                    update, factor = self.direction(matrix, self.state[parameter])
                    size = sqrt(matrix.shape[0] / matrix.shape[1])
                else:
                    update, factor = parameter.grad, reciprocal(frobenius_norm(parameter.grad))
                    size = sqrt(parameter.numel())
                parameter.addcmul_(
                    update.reshape(parameter.shape),
                    factor.to(parameter.dtype),
                    value=-group["lr"] * size / self._layers,
                )
        return loss
