"""SGD normalised by the Frobenius norm: the dualised optimizer's control, moving the weights as far."""

from typing import Any

import torch
from torch import Tensor, nn

from workers.science.optim.kernelwise import Kernelwise
from workers.science.optim.orthogonalise import MODULA, frobenius_norm, orthogonalise, reciprocal


class FrobeniusSgd(Kernelwise):
    """Steps along the gradient itself, as long in the Frobenius norm as the orthogonalised gradient."""

    def direction(self, gradient: Tensor, state: dict[str, Any]) -> tuple[Tensor, Tensor]:  # noqa: ARG002
        """Return G / ‖G‖ · ‖orth(G)‖ in Frobenius norms; the state stays empty."""
        length = frobenius_norm(orthogonalise(gradient, MODULA))
        return gradient, length * reciprocal(frobenius_norm(gradient))


def build(model: nn.Module, *, lr: float = 0.25) -> list[torch.optim.Optimizer]:
    """Build one over all parameters: kernels by lr · sqrt(n_out / n_in) · G / ‖G‖ · ‖orth(G)‖ / L.

    Biases move as in the dualised optimizer. The published control, `spectral_sgd`, moves the weights less far than the
    dualised optimizer; this one as far.

    Raises `ValueError` for a model without a kernel.
    Source: ours; L, orth and sqrt(n_out / n_in) as in `dualised`.
    """
    return [FrobeniusSgd(model, lr=lr)]
