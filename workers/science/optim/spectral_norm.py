"""The spectral norm, by power iteration from where the last one ended."""

from typing import NamedTuple

import torch
from torch import Tensor

from workers.science.optim.orthogonalise import frobenius_norm, reciprocal
from workers.science.random import generator

BLOCK = 8
"""Vectors iterated together. A single one that follows a matrix from step to step stays on what was its first singular
vector, and reports too little, long after another has overtaken it."""
TOLERANCE = 1e-4
"""Relative change of the estimate, past and still expected, at which to stop."""
MOST = 300
"""Iterations after which to stop anyway."""


class SpectralNorm(NamedTuple):
    """The largest singular value, a 0-dimensional double, and orthonormal rows `(block, n)` to start from next time."""

    norm: Tensor
    vectors: Tensor


def spectral_norm(matrix: Tensor, start: Tensor | None = None) -> SpectralNorm:
    """Return the largest singular value of `matrix`, (m, n), by power iteration, and the block of vectors at its end.

    `start` is the block with which a similar matrix ended; the first is drawn, always the same. The iteration stops
    when the estimate has changed by less than 1e-4 of itself. A geometric series through its last two changes must also
    promise as little for all that would follow. Within 0.3 % of an SVD, from below. NaN for a matrix that is not
    finite.

    Source: Golub & Van Loan, "Matrix Computations", orthogonal iteration with Ritz values, on the Gram matrix.
    """
    # Rows, not columns: skinny products are several times as fast in this layout.
    vectors = _drawn(matrix) if start is None else start
    norm, change = matrix.new_zeros((), dtype=torch.float64), float("inf")
    for _ in range(MOST):
        images = vectors @ matrix.T
        # Divided by their size before they are squared: squares overflow long before the matrix does.
        size = frobenius_norm(images)
        images = images * reciprocal(size).to(images.dtype)
        gram = (images @ images.T).double()
        if not bool(torch.isfinite(gram).all()):
            return SpectralNorm(torch.full_like(size, torch.nan), _drawn(matrix))
        before, norm = norm, size * torch.linalg.eigvalsh(gram)[-1].clamp(min=0).sqrt()
        vectors = torch.linalg.qr((images @ matrix).T).Q.T
        last, change = change, float(norm - before)
        tolerated = TOLERANCE * float(norm)
        if change <= tolerated and change * change <= tolerated * (last - change):
            break
    return SpectralNorm(norm, vectors)


def _drawn(matrix: Tensor) -> Tensor:
    """Draw orthonormal rows to start from, the same for every matrix of this shape."""
    n = matrix.shape[1]
    drawn = torch.randn(n, min(BLOCK, *matrix.shape), generator=generator(0, "spectral_norm"), dtype=matrix.dtype)
    vectors: Tensor = torch.linalg.qr(drawn).Q.T.to(matrix.device)
    return vectors
