"""Dualised gradient descent: every singular value of a layer's update is the same."""

from typing import Any

import torch
from torch import Tensor, nn

from workers.science.optim.kernelwise import Kernelwise
from workers.science.optim.orthogonalise import MODULA, orthogonalise


class Dualised(Kernelwise):
    """Steps along the orthogonalised gradient: the steepest of their size in the spectral norm."""

    def direction(self, gradient: Tensor, state: dict[str, Any]) -> tuple[Tensor, Tensor]:  # noqa: ARG002
        """Return U Vᵀ of the gradient, by six rounds of Newton-Schulz; the state stays empty."""
        return orthogonalise(gradient, MODULA), gradient.new_ones(())


def build(model: nn.Module, *, lr: float = 0.5) -> list[torch.optim.Optimizer]:
    """Build one over all parameters: kernels move by lr · sqrt(n_out / n_in) · orth(G) / L.

    Biases move by their dual in the RMS norm. L is the number of kernels, 3 in the source. The source has no biases;
    theirs is the rule of its vectors. Not true: that all singular values of an update are equal; those of G far below
    its Frobenius norm come out smaller.

    Raises `ValueError` for a model without a kernel.
    Source: docs.modula.systems, "Weight erasure" and "Newton-Schulz"; Bernstein & Newhouse 2024, arXiv 2410.21265.
    """
    return [Dualised(model, lr=lr)]
