"""The mask or the weights of one layer as flat numbers, however its file stores them."""

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.imports.header import Entry
from app.imports.source import Source


@dataclass(frozen=True)
class Part:
    """A tensor of a file, read as if it had `shape`.

    A mask of channels is repeated over the kernel; of an `inverted` mask 1 means pruned. With a `gain`, the tensor
    holds directions, and the weights are gain · v / ‖v‖ by row (weight norm, https://arxiv.org/abs/1602.07868, eq. 2).
    """

    source: Source
    entry: Entry
    shape: tuple[int, ...]
    inverted: bool = False
    gain: Entry | None = None

    @property
    def name(self) -> str:
        """Return the tensor's name."""
        return self.entry.name

    @property
    def size(self) -> int:
        """Return the number of elements as they are read."""
        return prod(self.shape)

    def read(self, first: int, last: int) -> NDArray[Any]:
        """Read elements `first` to `last` in flat order, in the file's own type."""
        if self.gain is not None:
            return self._weights(self.gain, first, last)
        whole = self.entry.shape == self.shape
        return self.source.read(self.entry, first, last) if whole else self._repeated(first, last)

    def kept(self, first: int, last: int) -> NDArray[np.bool_]:
        """Read elements of a mask, or of weights whose zeros are pruned: True where a weight is kept."""
        kept: NDArray[np.bool_] = (self.read(first, last) != 0) ^ self.inverted
        return kept

    def floats(self, first: int, last: int) -> NDArray[np.float32]:
        """Read elements as float32; what is too large becomes infinite."""
        with np.errstate(over="ignore"):
            return self.read(first, last).astype(np.float32)

    def _repeated(self, first: int, last: int) -> NDArray[Any]:
        columns = prod(self.shape[1:])
        top, bottom = first // columns, -(-last // columns)
        rows, *rest = (1,) * (len(self.shape) - len(self.entry.shape)) + self.entry.shape
        if rows == 1:
            block = self.source.read(self.entry, 0, self.entry.size).reshape(1, *rest)
        else:
            inner = prod(rest)
            block = self.source.read(self.entry, top * inner, bottom * inner).reshape(-1, *rest)
        band = np.broadcast_to(block, (bottom - top, *self.shape[1:])).reshape(-1)
        return band[first - top * columns : last - top * columns]

    def _weights(self, gain: Entry, first: int, last: int) -> NDArray[np.float32]:
        columns = prod(self.shape[1:])
        top, bottom = first // columns, -(-last // columns)
        rows = self.source.floats(self.entry, top * columns, bottom * columns).reshape(-1, columns)
        lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows, dtype=np.float64))
        factor = self.source.floats(gain, top, bottom) / np.where(lengths > 0, lengths, 1)
        weights: NDArray[np.float32] = (rows * factor[:, None]).astype(np.float32).reshape(-1)
        return weights[first - top * columns : last - top * columns]
