"""Recognised networks as what a run of the same masks would have measured and saved, level by level."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, BinaryIO, NamedTuple, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from app.contract.events import Measured
from app.contract.tickets import TicketKey
from app.imports import limits
from app.imports.layers import Layer
from app.imports.orientation import Kernel
from app.imports.parts import Part
from app.imports.recognition import Recognition
from app.imports.source import spans
from app.imports.spool import Spool
from app.imports.strata import strata
from app.imports.turning import turned
from app.masks import codec
from app.masks.codec import Bits
from app.masks.connectivity import dead
from app.masks.sums import sums

COLUMNS = ("layer", "kept", "total", "dead_inputs", "dead_units", "flipped")


class Saved(NamedTuple):
    """An artifact of one level, to be stored before the next is read."""

    name: str
    key: TicketKey
    spool: Spool


Output: TypeAlias = Measured | Saved


class MaskSequence:
    """Recognised networks as what a run would have saved of them: what follows cannot be refused."""

    def __init__(self, recognition: Recognition) -> None:
        self.recognition = recognition
        self.kernels = recognition.kernels

    @property
    def replicates(self) -> int:
        """Return how many sequences of levels there are."""
        return self.recognition.levels[-1].network.replicate + 1

    def outputs(self, folder: Path, replicate: int = 0) -> Iterator[Output]:
        """Yield series `layers` and artifacts of every level of one replicate; temporary files lie in `folder`."""
        levels = [level.layers for level in self.recognition.levels if level.network.replicate == replicate]
        with TemporaryFile(dir=folder) as groups:
            if self.recognition.has_initial:
                yield from self._initial(levels[0], folder, groups)
            for level, layers in enumerate(levels):
                yield from self._level(level, layers, levels[level - 1] if level else None, folder, groups)

    def _initial(self, layers: Sequence[Layer], folder: Path, groups: BinaryIO) -> Iterator[Output]:
        """Yield the artifact `init`; write the strata of its weights to `groups`, layer after layer."""
        with Spool(folder) as init:
            for kernel, layer in zip(self.kernels, layers, strict=True):
                with ExitStack() as stack:
                    initial = _in_order(cast(Part, layer.initial), kernel, folder, stack, mask=False)
                    pieces = (initial.floats(*span) for span in spans(initial.size))
                    init.stream(kernel.key, np.float32, kernel.shape, pieces)
                    for piece in strata(initial.floats, initial.size):
                        groups.write(piece.data)
            yield Saved("init", TicketKey(), init)

    def _level(
        self, level: int, layers: Sequence[Layer], before: Sequence[Layer] | None, folder: Path, groups: BinaryIO
    ) -> Iterator[Output]:
        key = TicketKey(level=level)
        columns: dict[str, list[float]] = {name: [] for name in COLUMNS}
        groups.seek(0)
        with Spool(folder) as mask, Spool(folder) as pyramid, Spool(folder) as ticket:
            for number, (kernel, layer) in enumerate(zip(self.kernels, layers, strict=True)):
                bits = bits_of(layer, kernel, folder)
                # Read once more, since a whole network may not fit in memory.
                base = bits_of(before[number], kernel, folder) if before else codec.full(*kernel.size)
                kept = int(np.bitwise_count(bits).sum(dtype=np.int64))
                flipped = int(np.bitwise_count(bits ^ base).sum(dtype=np.int64))
                row = (number, kept, layer.weights, *dead(bits, kernel.shape, kernel.groups), flipped)
                for column, value in zip(columns.values(), row, strict=True):
                    column.append(float(value))
                mask.add(kernel.key, codec.encode(bits, base))
                strata_of = groups if self.recognition.has_initial else None
                for name, values in _pyramid(bits, kernel, strata_of).items():
                    pyramid.add(f"{kernel.key}.{name}", values)
                if layer.values is not None:
                    with ExitStack() as stack:
                        weights = _in_order(layer.values, kernel, folder, stack, mask=False)
                        ticket.stream(f"{kernel.key}.values", np.float32, (kept,), _kept(weights, kernel, bits))
            yield Measured(series="layers", key=key, columns=columns)
            yield Saved("mask", key, mask)
            yield Saved("pyramid", key, pyramid)
            if all(layer.values for layer in layers):
                yield Saved("ticket", key, ticket)


def _in_order(part: Part, kernel: Kernel, folder: Path, stack: ExitStack, *, mask: bool) -> Part:
    """Return a part of a layer with its axes in the order of the kernel's shape."""
    return part if kernel.axes is None else turned(part, kernel.axes, folder, stack, mask=mask)


def _rows(kernel: Kernel) -> Iterator[tuple[int, int]]:
    """Yield bands of whole rows that fit into memory together."""
    rows, columns = kernel.size
    return spans(rows, max(1, limits.BAND // columns))


def bits_of(layer: Layer, kernel: Kernel, folder: Path) -> Bits:
    """Return the packed mask of a layer in the order of its kernel; large ones are turned in `folder`."""
    rows, columns = kernel.size
    bits = np.empty((rows, -(-columns // 8)), np.uint8)
    with ExitStack() as stack:
        part = _in_order(layer.decides, kernel, folder, stack, mask=True)
        for first, last in _rows(kernel):
            bits[first:last] = codec.pack(part.kept(first * columns, last * columns).reshape(-1, columns))
    return bits


def _kept(weights: Part, kernel: Kernel, bits: Bits) -> Iterator[NDArray[np.float32]]:
    """Yield the weights under a mask, in flat order."""
    columns = kernel.size[1]
    for first, last in _rows(kernel):
        values = weights.floats(first * columns, last * columns)
        yield values[codec.unpack(bits[first:last], columns).reshape(-1) == 1]


def _pyramid(bits: Bits, kernel: Kernel, groups: BinaryIO | None) -> dict[str, NDArray[Any]]:
    """Return `app.masks.sums.sums` of a layer, band by band; its strata are next in `groups`, where there are any."""
    columns = kernel.size[1]
    parts = []
    for first, last in _rows(kernel):
        size = (last - first) * columns
        band = np.frombuffer(groups.read(size), np.uint8) if groups else None
        parts.append(sums(bits[first:last], columns, band))
    tensors: dict[str, NDArray[Any]] = {}
    for name in parts[0]:
        bands = [part[name] for part in parts]
        tensors[name] = np.concatenate(bands) if name == "rows" else np.stack(bands).sum(axis=0, dtype=np.int32)
    return tensors
