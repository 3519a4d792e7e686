"""An uploaded file, and parts of its tensors as arrays."""

from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from app.imports.header import ITEM_BYTES, Entry, read_header
from app.imports.limits import BAND
from app.imports.refused import Refused

# BF16 is the upper half of an F32; a byte of a BOOL must be checked before it is one.
_STORED: Mapping[str, str] = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "u1", "BOOL": "u1",
}  # fmt: skip


class Source:
    """A safetensors file; `name` is what messages call it, `size` its bytes."""

    def __init__(self, name: str, file: BinaryIO) -> None:
        self.name = name
        self._file = file
        self.size = file.seek(0, 2)

    def entries(self) -> dict[str, Entry]:
        """Return its tensors by name, from a header that has been checked. Raises Refused.

        Read anew each time: the names in sixty headers are more than a server should keep.
        """
        return read_header(self._file, self.size, self.name)

    def bytes(self, first: int, last: int) -> bytes:
        """Read bytes `first` to `last` of the file."""
        self._file.seek(first)
        return self._file.read(last - first)

    def read(self, entry: Entry, first: int, last: int) -> NDArray[Any]:
        """Read elements `first` to `last` of the flat tensor, in its own type; BF16 as float32, BOOL as bytes."""
        width = ITEM_BYTES[entry.dtype]
        self._file.seek(entry.start + first * width)
        data = self._file.read((last - first) * width)
        if len(data) < (last - first) * width:
            raise Refused(self.name, "the file ends too early", tensor=entry.name, field="data_offsets")
        array = np.frombuffer(data, _STORED[entry.dtype])
        if entry.dtype == "BF16":
            return (array.astype(np.uint32) << np.uint32(16)).view(np.float32)
        return array

    def floats(self, entry: Entry, first: int, last: int) -> NDArray[np.float32]:
        """Read elements as float32; what is too large becomes infinite."""
        with np.errstate(over="ignore"):
            return self.read(entry, first, last).astype(np.float32)


def spans(size: int, step: int = BAND) -> Iterator[tuple[int, int]]:
    """Yield `(first, last)` of consecutive pieces of at most `step`."""
    for first in range(0, size, step):
        yield first, min(first + step, size)
