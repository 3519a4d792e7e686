"""Many weights in one pixel: sums, maxima and extremes over blocks of a matrix, fast enough for sixteen million."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint8]


def block_sum(values: NDArray[Any], high: int, wide: int) -> NDArray[np.int32]:
    """Return sums of blocks of `high` × `wide` cells; the matrix must consist of whole blocks. Sums stay below 2³¹."""
    rows, columns = values.shape
    # Adding whole rows runs over contiguous memory; what is left for the strided step is `high` times less.
    small = np.uint8 if int(values.max(initial=0)) * high < 256 else np.int32
    by_row = values.reshape(rows // high, high, columns).sum(axis=1, dtype=small)
    total: NDArray[np.int32] = by_row[:, ::wide].astype(np.int32)
    for k in range(1, wide):
        total += by_row[:, k::wide]
    return total


def block_max(values: Codes, high: int, wide: int) -> Codes:
    """Return the largest value of each block."""
    rows, columns = values.shape
    by_row = values.reshape(rows // high, high, columns).max(axis=1)
    largest: Codes = by_row[:, ::wide].copy()
    for k in range(1, wide):
        np.maximum(largest, by_row[:, k::wide], out=largest)
    return largest


def block_extreme(values: Codes, high: int, wide: int) -> Codes:
    """Return the value of each block that lies farthest from 128, the higher of two.

    0 is no value and wins only alone.
    """
    above = block_max(values, high, wide)
    # As bytes, the negative of a value is its mirror image about 128, and 0 stays 0.
    below = block_max(np.negative(values), high, wide)
    array: Codes = np.where(above >= below, above, np.negative(below))
    return array


def whole_blocks(values: Codes, high: int, wide: int) -> Codes:
    """Return the matrix, padded with zeros to whole blocks."""
    below, right = -values.shape[0] % high, -values.shape[1] % wide
    return np.pad(values, ((0, below), (0, right))) if below or right else values
