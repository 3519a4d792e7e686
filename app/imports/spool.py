"""A safetensors file under construction: tensors of any size, written piece by piece to a temporary file."""

import json
from collections.abc import Iterable, Iterator
from math import prod
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

_NAMES = {"uint8": "U8", "int32": "I32", "float32": "F32"}
_CHUNK = 2**20


class Spool:
    """To be used in a `with`, which leaves nothing on the disk; `folder` has room for the data."""

    def __init__(self, folder: Path) -> None:
        self._data = TemporaryFile(dir=folder)  # noqa: SIM115 (closed by `__exit__`)
        self._header: dict[str, Any] = {}

    def __enter__(self) -> "Spool":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._data.close()

    def add(self, name: str, array: NDArray[Any]) -> None:
        """Add a tensor that is in memory."""
        self.stream(name, array.dtype, array.shape, [array])

    def stream(self, name: str, dtype: Any, shape: tuple[int, ...], pieces: Iterable[NDArray[Any]]) -> None:
        """Add a tensor in pieces. Raises ValueError when they do not add up to `shape`."""
        dtype = np.dtype(dtype)
        start = self._data.tell()
        for piece in pieces:
            self._data.write(np.ascontiguousarray(piece, dtype.newbyteorder("<")).data)
        stop = self._data.tell()
        if stop - start != prod(shape) * dtype.itemsize:
            raise ValueError(f"{name}: {stop - start} bytes are not a {dtype} of {shape}")
        self._header[name] = {"dtype": _NAMES[dtype.name], "shape": list(shape), "data_offsets": [start, stop]}

    def chunks(self) -> Iterator[bytes]:
        """Yield the whole file in chunks, from its header on."""
        text = json.dumps(self._header, separators=(",", ":"), ensure_ascii=False).encode()
        text += b" " * (-len(text) % 8)
        yield len(text).to_bytes(8, "little") + text
        self._data.seek(0)
        while chunk := self._data.read(_CHUNK):
            yield chunk
