"""What a weight matrix has become: likeness to its start, its spectrum, and what moved it."""

import numpy as np
import torch
from numpy.typing import NDArray
from skimage.metrics import structural_similarity
from torch import Tensor

SHARES = 24
"""Singular values stored of a spectrum."""
BIN = 0.25
"""Width of a bin of update sizes, in powers of ten."""


def similarity(start: Tensor, now: Tensor) -> float:
    """Return Pearson's correlation of all entries of two matrices, in [-1, 1]; NaN when one of them is constant."""
    a, b = (matrix.double().flatten() - matrix.double().mean() for matrix in (start, now))
    return float(torch.dot(a, b) / (a.norm() * b.norm()))


def movement(start: Tensor, now: Tensor) -> float:
    """Return ‖now − start‖_F / ‖start‖_F, at least 0."""
    return float((now.double() - start.double()).norm() / start.double().norm())


def ssim(start: NDArray[np.float32], now: NDArray[np.float32]) -> float:
    """Return the structural similarity in [-1, 1] of |start| and |now|, each as a grey picture.

    White is the 99.9th percentile of |start|, and larger entries of either are white. The scale is the same for both,
    so that growth of the weights counts as change. Matrices of fewer than 7 rows or columns have no window: NaN.
    Source: Wang et al. 2004, as in skimage.metrics.structural_similarity, 7×7 windows.
    """
    if min(start.shape) < 7:
        return float("nan")
    white = float(np.quantile(np.abs(start), 0.999)) or 1.0
    a, b = (np.minimum(np.abs(matrix) / white, 1.0) for matrix in (start, now))
    return float(structural_similarity(a, b, data_range=1.0))  # type: ignore[no-untyped-call]


def stable_rank(matrix: Tensor) -> float:
    """Return ‖·‖_F² / ‖·‖₂², from 1 to the rank; NaN for a matrix of zeros.

    Source: Rudelson & Vershynin 2007; docs.modula.systems, "Weight erasure".
    """
    spectral = spectral_norm(matrix)
    return float((torch.linalg.matrix_norm(matrix.double()) / spectral) ** 2) if spectral else float("nan")


def spectral_norm(matrix: Tensor) -> float:
    """Return the largest singular value, as the root of the largest eigenvalue of the smaller Gram matrix.

    Exact to rounding, and several times as fast as a singular value decomposition. Lanczos iterations would be slower
    still: the singular values of a dualised update are all alike, and it takes hundreds to find the largest.
    """
    values = matrix.detach().double()
    gram = values @ values.T if values.shape[0] <= values.shape[1] else values.T @ values
    return float(torch.linalg.eigvalsh(gram)[-1].clamp(min=0).sqrt())


def spectrum(matrix: Tensor) -> tuple[list[float], list[float]]:
    """Return (share, value): singular values at 24 even shares of their rank, 0 = the largest, 1 = the smallest.

    In the matrix's own precision: what is below about 1e-6 of the largest is rounding.
    """
    values = torch.linalg.svdvals(matrix).cpu().double().numpy()
    places = np.unique(np.round(np.linspace(0, len(values) - 1, SHARES)).astype(int))
    shares = places / max(len(values) - 1, 1)
    return shares.tolist(), values[places].tolist()


def sizes(update: Tensor) -> tuple[list[float], list[float]]:
    """Return (centre, share): how entries of an update spread over bins of log10 |entry|; entries of 0 are in none."""
    entries = update.abs().double().flatten().cpu().numpy()
    bins = np.floor(np.log10(entries[entries > 0]) / BIN).astype(int)
    centres, counts = np.unique(bins, return_counts=True)
    return ((centres + 0.5) * BIN).tolist(), (counts / entries.size).tolist()
