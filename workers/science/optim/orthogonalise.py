"""Newton-Schulz: the nearest orthogonal matrix, by matrix products alone."""

from collections.abc import Sequence
from typing import TypeAlias

import torch
from torch import Tensor

Coefficients: TypeAlias = Sequence[tuple[float, float, float]]
"""(a, b, c) of each round X ← aX + b(XXᵀ)X + c(XXᵀ)²X; every singular value σ goes to aσ + bσ³ + cσ⁵."""

MODULA: Coefficients = tuple(
    (a / 1024, b / 1024, c / 1024)
    for a, b, c in (
        (3955, -8306, 5008),
        (3735, -6681, 3463),
        (3799, -6499, 3211),
        (4019, -6385, 2906),
        (2677, -3029, 1162),
        (2172, -1833, 682),
    )
)
"""Six rounds that take singular values in [0.003, 1] into [0.995, 1]. Source: docs.modula.systems, "Newton-Schulz"."""


def orthogonalise(matrix: Tensor, coefficients: Coefficients) -> Tensor:
    """Return U Vᵀ of `matrix` = U Σ Vᵀ, (m, n), as nearly as `coefficients` bring the singular values to 1.

    The matrix is first divided by its Frobenius norm, so singular values far below that norm stay small. Not true: that
    its rank does not matter. A matrix of zeros stays zero, and one with a NaN or an infinity becomes NaN. Computed in
    the matrix's own precision, on the smaller of its two Gram matrices.
    """
    wide = matrix.T if matrix.shape[0] > matrix.shape[1] else matrix
    x = wide * reciprocal(frobenius_norm(wide)).to(wide.dtype)
    for a, b, c in coefficients:
        gram = x @ x.T
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.T if wide is not matrix else x


def frobenius_norm(tensor: Tensor) -> Tensor:
    """Return the root of the sum of squares, a 0-dimensional double.

    Squares of single-precision numbers do not overflow it.
    """
    norm: Tensor = torch.linalg.vector_norm(tensor, dtype=torch.float64)
    return norm


def reciprocal(norm: Tensor) -> Tensor:
    """Return 1 / `norm`, and 0 where the norm is 0: what has no direction does not move."""
    return torch.where(norm == 0, 0.0, 1 / norm)
