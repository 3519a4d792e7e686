"""SGD normalised by the spectral norm: the dualised optimizer's control, as long in the norm that it fixes."""

from typing import Any

import torch
from torch import Tensor, nn

from workers.science.optim.kernelwise import Kernelwise
from workers.science.optim.orthogonalise import reciprocal
from workers.science.optim.spectral_norm import spectral_norm


class SpectralSgd(Kernelwise):
    """Steps along the gradient itself, divided by its largest singular value."""

    def direction(self, gradient: Tensor, state: dict[str, Any]) -> tuple[Tensor, Tensor]:
        """Return the gradient at spectral norm 1; the next power iteration starts where this one ended."""
        norm, state["vectors"] = spectral_norm(gradient, state.get("vectors"))
        return gradient, reciprocal(norm)


def build(model: nn.Module, *, lr: float = 0.5) -> list[torch.optim.Optimizer]:
    """Build one over all parameters: kernels move by lr · sqrt(n_out / n_in) · G / ‖G‖₂ / L.

    Biases move as in the dualised optimizer. Each update has the spectral norm of the dualised one, and so a Frobenius
    norm that is many times smaller.

    Raises `ValueError` for a model without a kernel.
    Source: docs.modula.systems, "Weight erasure", the control.
    """
    return [SpectralSgd(model, lr=lr)]
