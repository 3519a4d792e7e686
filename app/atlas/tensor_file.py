"""Parts of the tensors of a safetensors artifact, read where they lie, without the rest."""

import json
from collections.abc import Mapping
from math import prod
from types import TracebackType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.store import Artifacts
from app.store.errors import Corrupt

_DTYPES: Mapping[str, str] = {"U8": "u1", "I8": "i1", "I32": "<i4", "I64": "<i8", "F32": "<f4"}


class Entry(NamedTuple):
    """Where a tensor lies in its file."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    start: int
    stop: int

    def check(self) -> "Entry":
        """Return the entry itself. Raises ValueError when its bytes are not those that its shape and type take."""
        if self.start < 0 or self.stop - self.start != prod(self.shape) * self.dtype.itemsize:
            raise ValueError
        return self


class TensorFile:
    """A safetensors artifact that workers of this program wrote; to be used in a `with`.

    Raises `FileNotFoundError`, and `Corrupt` when its header cannot be read.
    """

    def __init__(self, artifacts: Artifacts, sha256: str) -> None:
        self._file = artifacts.open(sha256)
        try:
            size = int.from_bytes(self._file.read(8), "little")
            header = json.loads(self._file.read(size) if size < 1 << 27 else b"")
            self.entries: dict[str, Entry] = {
                name: Entry(
                    np.dtype(_DTYPES[item["dtype"]]),
                    tuple(item["shape"]),
                    *(8 + size + offset for offset in item["data_offsets"]),
                ).check()
                for name, item in header.items()
                if name != "__metadata__"
            }
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            self._file.close()
            raise Corrupt(f"artifact {sha256} is damaged: its header cannot be read") from error

    def __enter__(self) -> "TensorFile":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def read(self, name: str, first: int = 0, last: int | None = None) -> NDArray[Any]:
        """Return elements `first` to `last` of the flat tensor.

        Raises `KeyError`, and `Corrupt` when the file ends early.
        """
        entry = self.entries[name]
        start = entry.start + first * entry.dtype.itemsize
        stop = entry.stop if last is None else entry.start + last * entry.dtype.itemsize
        self._file.seek(start)
        data = self._file.read(stop - start)
        if len(data) != stop - start:
            raise Corrupt(f"tensor {name} is damaged: its file ends too early")
        return np.frombuffer(data, entry.dtype)
