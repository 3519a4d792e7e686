"""Muon: orthogonalised momentum on the hidden matrices, AdamW on the rest."""

from collections.abc import Callable, Collection, Iterable

import torch
from torch import Tensor, nn


class FlatMuon(torch.optim.Muon):
    """torch.optim.Muon on kernels `(n_out, n_in, *kernel)`, each seen as the matrix `(n_out, -1)` that it takes.

    The matrices are views: they share their kernel's memory, and each step lends them its gradient.
    """

    def __init__(self, kernels: Iterable[Tensor], *, lr: float, momentum: float, weight_decay: float) -> None:
        self._kernels = list(kernels)
        matrices = [kernel.detach().view(kernel.shape[0], -1) for kernel in self._kernels]
        super().__init__(matrices, lr=lr, momentum=momentum, weight_decay=weight_decay)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Update once from the gradients that the kernels hold."""
        for matrix, kernel in zip(self.param_groups[0]["params"], self._kernels, strict=True):
            matrix.grad = None if kernel.grad is None else kernel.grad.reshape(matrix.shape)
        loss: float | None = super().step(closure)  # type: ignore[no-untyped-call]
        return loss


def build(
    model: nn.Module,
    hidden: Collection[str] | None = None,
    *,
    lr: float = 0.02,
    momentum: float = 0.95,
    weight_decay: float = 0.0,
    adamw_lr: float = 1.2e-3,
) -> list[torch.optim.Optimizer]:
    """Build Muon on the `hidden` kernels, AdamW on all other parameters.

    `hidden` names those that neither read the input nor give the output, and are no embedding. Without it they are all
    kernels but the first and the last. `weight_decay` is decoupled and holds for both. Not true: an exact
    orthogonalisation. Five Newton-Schulz steps in bfloat16 leave singular values between about 0.7 and 1.15, so an
    update writes into masked entries too.

    Raises `ValueError` when no kernel is hidden.
    Source: Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks"; torch.optim.Muon, whose
    default weight decay of 0.1 is not taken over.
    """
    kernels = [parameter for parameter in model.parameters() if parameter.ndim >= 2]
    matrices = kernels[1:-1] if hidden is None else [model.get_parameter(name) for name in hidden]
    if not matrices:
        raise ValueError("muon needs a hidden matrix: a model with at least three kernels")
    mine = {id(kernel) for kernel in matrices}
    rest = [parameter for parameter in model.parameters() if id(parameter) not in mine]
    return [
        FlatMuon(matrices, lr=lr, momentum=momentum, weight_decay=weight_decay),
        torch.optim.AdamW(rest, lr=adamw_lr, weight_decay=weight_decay, fused=True),
    ]
