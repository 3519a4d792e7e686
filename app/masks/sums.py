"""A mask pooled: kept weights per row, per column and per size of the initial weight.

These few numbers are saved with every mask, so that degrees, pictures of the input and chance overlaps need no bits.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.masks.codec import Bits, matrix, unpack

STRATA = 100
"""Groups of weights of about equal |θ0|, from the smallest to the largest."""


def sums(bits: Bits, columns: int, strata: NDArray[np.uint8] | None = None) -> dict[str, NDArray[Any]]:
    """Return sums of one layer's mask of `(rows, columns)` weights.

    "rows" `(rows,)` and "columns" `(columns,)` int32: kept weights of each; with `strata` of the same matrix, "strata"
    `(100,)` int32: kept weights of each.
    """
    mask = unpack(bits, columns)
    rows = mask.shape[0]
    # 255 rows at a time add up in bytes, which is several times as fast as in wider numbers.
    by_column = sum(
        (mask[first : first + 255].sum(axis=0, dtype=np.uint8).astype(np.int32) for first in range(0, rows, 255)),
        start=np.zeros(columns, np.int32),
    )
    sums: dict[str, NDArray[Any]] = {
        "rows": np.bitwise_count(bits).sum(axis=1, dtype=np.int32),
        "columns": by_column,
    }
    if strata is not None:
        sums["strata"] = np.bincount(strata.reshape(-1), weights=mask.reshape(-1), minlength=STRATA).astype(np.int32)
    return sums


def strata_of(initial: NDArray[Any]) -> NDArray[np.uint8]:
    """Return which of 100 groups of about equal size each weight belongs to by |initial|, as a matrix.

    Ties by flat index.
    """
    magnitude = np.abs(matrix(initial)).reshape(-1)
    rank = np.empty(magnitude.size, np.int64)
    rank[np.argsort(magnitude, kind="stable")] = np.arange(magnitude.size)
    strata: NDArray[np.uint8] = (
        (rank * STRATA // max(magnitude.size, 1)).astype(np.uint8).reshape(matrix(initial).shape)
    )
    return strata


def strata_sizes(weights: int) -> NDArray[np.int64]:
    """Return how many of `weights` weights each group holds."""
    # Weight i of them, by rank, is in group floor(100 i / weights).
    edges = -(-np.arange(STRATA + 1) * weights // STRATA)
    return np.diff(edges)
