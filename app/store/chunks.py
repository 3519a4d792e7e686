"""Rows of a series, packed: little-endian float64, row after row, so that chunks of one layout simply join."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray


def pack(columns: Mapping[str, Sequence[float]], start: int = 0) -> bytes:
    """Return the rows from `start` on as bytes, in the order of `columns`; NaN and infinities are kept."""
    table = np.array(list(columns.values()), dtype="<f8")
    return table[:, start:].T.tobytes()


def unpack(data: Iterable[bytes], n_columns: int) -> NDArray[np.float64]:
    """Return the packed chunks one after the other as contiguous columns, (n_columns, rows)."""
    table = np.frombuffer(b"".join(data), dtype="<f8").reshape(-1, n_columns)
    return table.T.astype(np.float64, order="C")
