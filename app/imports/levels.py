"""A checked sequence of files as what a run of the same masks would have measured and saved, level by level."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, BinaryIO, NamedTuple, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from app.contract.events import Measured, Place
from app.imports import check, limits
from app.imports.header import Entry
from app.imports.layers import Layer, agree, layers_of
from app.imports.refused import Refused
from app.imports.source import Source, spans
from app.imports.spool import Spool
from app.imports.strata import strata
from app.masks import codec
from app.masks.codec import Bits
from app.masks.connectivity import dead
from app.masks.sums import sums

COLUMNS = ("layer", "kept", "total", "dead_inputs", "dead_units", "flipped")


class Saved(NamedTuple):
    """An artifact of one level, to be stored before the next is asked for."""

    name: str
    place: Place
    spool: Spool


Output: TypeAlias = Measured | Saved


class MaskSequence:
    """Files in the order of their levels, checked whole: what follows cannot be refused. Raises Refused."""

    def __init__(self, sources: Sequence[Source]) -> None:
        total = sum(source.size for source in sources)
        if total > limits.MAX_BYTES:
            what = sources[0].name if len(sources) == 1 else f"{len(sources)} files"
            message = f"{total:,} bytes; at most {limits.MAX_BYTES:,} are imported at once"
            raise Refused(what, message, status=413)
        self._sources = sources
        self._levels = [layers_of(source) for source in sources]
        agree(sources, self._levels)
        for source, layers in zip(sources, self._levels, strict=True):
            check.check_values(source, layers)
        self.has_initial = check.same_initial(sources, self._levels)

    @property
    def layers(self) -> list[Layer]:
        """The layers of the network, in order."""
        return self._levels[0]

    @property
    def holds(self) -> str:
        """What the files were found to hold, in words."""
        valued = [all(layer.values for layer in layers) for layers in self._levels]
        values = "weights" if all(valued) else "weights of some levels" if any(valued) else "no weights"
        start = "initial weights" if self.has_initial else "no initial weights"
        masked = "masks" if any(layer.mask for layer in self.layers) else "masks from zeros"
        return f"{masked}, {values}, {start}"

    def outputs(self, folder: Path) -> Iterator[Output]:
        """Series `layers` and artifacts of every level; temporary files lie in `folder`."""
        with TemporaryFile(dir=folder) as groups:
            if self.has_initial:
                yield from self._initial(folder, groups)
            for level in range(len(self._sources)):
                yield from self._level(level, folder, groups)

    def _initial(self, folder: Path, groups: BinaryIO) -> Iterator[Output]:
        """The artifact `init`; the strata of its weights go to `groups`, layer after layer."""
        source = self._sources[0]
        with Spool(folder) as init:
            for layer in self.layers:
                read = partial(source.floats, cast(Entry, layer.initial))
                init.stream(layer.key, np.float32, layer.shape, (read(*span) for span in spans(layer.weights)))
                for piece in strata(read, layer.weights):
                    groups.write(piece.data)
            yield Saved("init", Place(), init)

    def _level(self, level: int, folder: Path, groups: BinaryIO) -> Iterator[Output]:
        place, source, layers = Place(level=level), self._sources[level], self._levels[level]
        columns: dict[str, list[float]] = {name: [] for name in COLUMNS}
        groups.seek(0)
        with Spool(folder) as mask, Spool(folder) as pyramid, Spool(folder) as ticket:
            for number, layer in enumerate(layers):
                bits = _bits(source, layer)
                before = self._bits_before(level, number)
                kept = int(np.bitwise_count(bits).sum(dtype=np.int64))
                flipped = int(np.bitwise_count(bits ^ before).sum(dtype=np.int64))
                row = (number, kept, layer.weights, *dead(bits, layer.shape), flipped)
                for column, value in zip(columns.values(), row, strict=True):
                    column.append(float(value))
                mask.add(layer.key, codec.encode(bits, before))
                for name, values in _pyramid(bits, layer, groups if self.has_initial else None).items():
                    pyramid.add(f"{layer.key}.{name}", values)
                if layer.values is not None:
                    ticket.stream(f"{layer.key}.values", np.float32, (kept,), _kept(source, layer, bits))
            yield Measured(series="layers", place=place, columns=columns)
            yield Saved("mask", place, mask)
            yield Saved("pyramid", place, pyramid)
            if all(layer.values for layer in layers):
                yield Saved("ticket", place, ticket)

    def _bits_before(self, level: int, number: int) -> Bits:
        """What the mask of a level is stored against; read once more, since a whole network may not fit in memory."""
        if level == 0:
            return codec.full(*self.layers[number].size)
        return _bits(self._sources[level - 1], self._levels[level - 1][number])


def _rows(layer: Layer) -> Iterator[tuple[int, int]]:
    """Bands of whole rows that can be looked at together."""
    rows, columns = layer.size
    return spans(rows, max(1, limits.BAND // columns))


def _bits(source: Source, layer: Layer) -> Bits:
    rows, columns = layer.size
    entry = cast(Entry, layer.mask or layer.values)
    bits = np.empty((rows, -(-columns // 8)), np.uint8)
    for first, last in _rows(layer):
        bits[first:last] = codec.pack(source.read(entry, first * columns, last * columns).reshape(-1, columns))
    return bits


def _kept(source: Source, layer: Layer, bits: Bits) -> Iterator[NDArray[np.float32]]:
    """The weights under a mask, in flat order."""
    columns = layer.size[1]
    for first, last in _rows(layer):
        values = source.floats(cast(Entry, layer.values), first * columns, last * columns)
        yield values[codec.unpack(bits[first:last], columns).reshape(-1) == 1]


def _pyramid(bits: Bits, layer: Layer, groups: BinaryIO | None) -> dict[str, NDArray[Any]]:
    """`app.masks.sums.sums` of a layer, band by band; its strata are next in `groups`, where there are any."""
    columns = layer.size[1]
    parts = []
    for first, last in _rows(layer):
        size = (last - first) * columns
        band = np.frombuffer(groups.read(size), np.uint8) if groups else None
        parts.append(sums(bits[first:last], columns, band))
    made: dict[str, NDArray[Any]] = {}
    for name in parts[0]:
        bands = [part[name] for part in parts]
        made[name] = np.concatenate(bands) if name == "rows" else np.stack(bands).sum(axis=0, dtype=np.int32)
    return made
