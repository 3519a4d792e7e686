"""Masks on disk: a mask is stored as what differs from the one it came from, packed to bits and compressed.

Twenty nested levels that each prune a fifth take 0.31 bits per weight and level in this form, against 1 bit packed.
A mask that is not nested in its base takes at most about 1.
"""

from math import prod
from typing import Any, TypeAlias

import numpy as np
import zstandard
from numpy.typing import NDArray

Bits: TypeAlias = NDArray[np.uint8]
"""Packed rows of a mask, `(n_out, ceil(n_columns / 8))`."""

# Bits of random masks gain nothing from a search for matches, which is what higher levels spend their time on.
_LEVEL = 1


def matrix(kernel: NDArray[Any]) -> NDArray[Any]:
    """Return a kernel `(n_out, n_in, *kernel)` as `(n_out, n_columns)`, a view where possible.

    A vector becomes one row.
    """
    return kernel.reshape(1, -1) if kernel.ndim < 2 else kernel.reshape(kernel.shape[0], -1)


def size_of(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return the numbers of rows and columns of the matrix of a kernel of that shape."""
    return (1, prod(shape)) if len(shape) < 2 else (shape[0], prod(shape[1:]))


def pack(mask: NDArray[Any]) -> Bits:
    """Return the packed bits of a mask, a kernel or a matrix; what is not 0 counts as kept."""
    return np.packbits(matrix(mask) != 0, axis=1)


def unpack(bits: Bits, columns: int) -> NDArray[np.uint8]:
    """Return packed rows as a matrix `(rows, columns)` of 0 and 1."""
    return np.unpackbits(bits, axis=1, count=columns)


def full(rows: int, columns: int) -> Bits:
    """Return the packed bits of a mask that keeps everything."""
    return np.broadcast_to(np.packbits(np.ones((1, columns), np.uint8), axis=1), (rows, -(-columns // 8))).copy()


def encode(bits: Bits, base: Bits) -> NDArray[np.uint8]:
    """Return what differs between a mask and its base, compressed: bytes as an array, to be saved as a tensor."""
    data = zstandard.ZstdCompressor(level=_LEVEL).compress(np.bitwise_xor(bits, base).tobytes())
    return np.frombuffer(data, np.uint8)


def decode(data: NDArray[np.uint8], base: Bits) -> Bits:
    """Return the mask that `encode` encoded against `base`.

    Raises `ValueError` when the data are damaged or belong to a mask of another size.
    """
    frame = data.tobytes()
    try:
        # Asked before anything is unpacked: a damaged frame may announce any size.
        size = zstandard.frame_content_size(frame)
        if size != base.size:
            raise ValueError(f"the mask has {size:,} bytes where its base has {base.size:,}")
        raw = zstandard.ZstdDecompressor().decompress(frame)
    except zstandard.ZstdError as error:
        raise ValueError(f"the mask is damaged: {error}") from error
    return np.bitwise_xor(base, np.frombuffer(raw, np.uint8).reshape(base.shape))
