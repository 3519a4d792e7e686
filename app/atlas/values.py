"""Exact weights of a ticket, rows of one layer at a time: where its training started and where it ended."""

from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from app.atlas.reader import Reader
from app.atlas.tensor_file import TensorFile
from app.contract.events import WINNING_TICKET
from app.contract.tickets import TicketRef
from app.masks.codec import unpack
from app.store.errors import NotFound

Floats = NDArray[np.float32]


class Values:
    """Weights of one layer of one winning ticket, to be used in a `with`; pruned weights are NaN.

    `has_start` and `has_end` are which are saved: those of controls are not, and an imported mask may come alone.
    """

    def __init__(self, reader: Reader, ref: TicketRef, layer: int) -> None:
        self._index = reader.index(ref.run)
        self._layer = self._index.layers[layer]
        self._bits = reader.bits(ref, layer)
        self._files: list[TensorFile] = []
        spec, place = self._index.run.spec, ref
        self._start: _Kept | _Dense | None = None
        self._end: _Kept | None = None
        if ref.control != WINNING_TICKET:
            return
        self._end = self._kept(reader, ref, layer)
        if ref.level > 0 and getattr(spec, "rewind", "weights") != "weights":
            # Training went on from the trained weights of the level that was pruned.
            parent = 0 if getattr(spec, "mode", "") == "one_shot" else ref.level - 1
            self._start = self._kept(reader, TicketRef(ref.run, ref.replicate, parent), layer)
        else:
            rewound = ref.level > 0 and getattr(spec, "rewind_step", 0) > 0
            place = TicketRef(ref.run, ref.replicate, 0)
            file = self._open(reader, "rewind" if rewound else "init", place)
            self._start = _Dense(file, self._layer.key, self._layer.size[1]) if file else None

    def __enter__(self) -> "Values":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in self._files:
            file.__exit__(kind, error, trace)

    @property
    def has_start(self) -> bool:
        """Return whether it is known where training started."""
        return self._start is not None

    @property
    def has_end(self) -> bool:
        """Return whether trained weights are saved."""
        return self._end is not None

    def start(self, first: int, last: int) -> Floats:
        """Return where the weights of rows `first` to `last` started, kept ones only."""
        return self._rows(self._start, first, last)

    def origin(self, first: int, last: int) -> Floats:
        """Return where rows `first` to `last` started, pruned weights too where initial weights are saved whole."""
        return self._start.rows(first, last) if isinstance(self._start, _Dense) else self.start(first, last)

    def end(self, first: int, last: int) -> Floats:
        """Return where the weights of rows `first` to `last` ended."""
        return self._rows(self._end, first, last)

    def _rows(self, source: "_Kept | _Dense | None", first: int, last: int) -> Floats:
        columns = self._layer.size[1]
        if source is None:
            return np.full((last - first, columns), np.nan, np.float32)
        values = source.rows(first, last)
        values[unpack(self._bits[first:last], columns) == 0] = np.nan
        return values

    def _kept(self, reader: Reader, ref: TicketRef, layer: int) -> "_Kept | None":
        file = self._open(reader, "ticket", ref)
        if file is None:
            return None
        rows = np.bitwise_count(reader.bits(ref, layer)).sum(axis=1, dtype=np.int64)
        offsets = np.concatenate(([0], np.cumsum(rows)))
        return _Kept(file, f"{self._layer.key}.values", reader.bits(ref, layer), offsets, self._layer.size[1])

    def _open(self, reader: Reader, name: str, ref: TicketRef) -> TensorFile | None:
        try:
            file = reader.open(self._index, name, ref)
        except NotFound:
            return None
        self._files.append(file)
        return file


class _Dense:
    """Rows of a tensor that is saved whole."""

    def __init__(self, file: TensorFile, key: str, columns: int) -> None:
        self._file, self._key, self._columns = file, key, columns

    def rows(self, first: int, last: int) -> Floats:
        values = self._file.read(self._key, first * self._columns, last * self._columns)
        return values.astype(np.float32).reshape(last - first, self._columns)


class _Kept:
    """Rows of a tensor of which only the kept weights are saved; `offsets[r]` of them lie before row r."""

    def __init__(self, file: TensorFile, key: str, bits: NDArray[np.uint8], offsets: NDArray[np.int64], columns: int):
        self._file, self._key, self._bits, self._offsets, self._columns = file, key, bits, offsets, columns

    def rows(self, first: int, last: int) -> Floats:
        values = np.full((last - first, self._columns), np.nan, np.float32)
        kept = self._file.read(self._key, int(self._offsets[first]), int(self._offsets[last]))
        values[unpack(self._bits[first:last], self._columns) == 1] = kept
        return values
