"""What the files of an import are: each tensor's role, each layer's kept weights, and what is open or odd."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from app.imports import check, limits
from app.imports.check import Counted
from app.imports.layers import Layer, Reading, layers_of, times
from app.imports.orientation import Kernel, network
from app.imports.places import Network
from app.imports.refused import Refused
from app.imports.source import spans
from app.imports.table import UNDECIDED, Choices, Line

MAX_LINES = 8_192
"""Lines of a table: more tensors than one file may have, so that only odd ones of many files are cut off."""


class Level(NamedTuple):
    """A network as it was recognised: its layers and what was counted of them, in the order of the kernels."""

    network: Network
    layers: list[Layer]
    counted: list[Counted]

    @property
    def kept(self) -> int:
        """Return how many weights its masks keep."""
        return sum(item.kept for item in self.counted)

    @property
    def density(self) -> float:
        """Return the share of all weights that they keep, in [0, 1]."""
        return self.kept / sum(item.total for item in self.counted)


class Row(NamedTuple):
    """A line of the table and the networks that it is for, by their place in the import; `kept` is of each."""

    line: Line
    networks: list[int]
    kept: list[int]


class Recognition(NamedTuple):
    """Everything that was recognised; `question` names layers of which all kept weights are 0, empty if none."""

    kernels: list[Kernel]
    levels: list[Level]
    rows: list[Row]
    question: list[str]
    warnings: list[str]
    has_initial: bool

    @property
    def holds(self) -> str:
        """Return in words what the files hold."""
        valued = [all(layer.values for layer in level.layers) for level in self.levels]
        values = "weights" if all(valued) else "weights at some levels" if any(valued) else "no weights"
        start = "initial weights" if self.has_initial else "no initial weights"
        masked = "masks" if any(layer.mask for layer in self.levels[0].layers) else "masks from zeros"
        return f"{masked}, {values}, {start}"


def recognise(networks: Sequence[Network], choices: Choices = UNDECIDED) -> Recognition:
    """Read everything that files hold, once, and recognise it. Raises Refused for what cannot be imported at all."""
    sources = [source for network in networks for source in network.sources]
    total = sum(source.size for source in sources)
    if total > limits.MAX_BYTES:
        what = sources[0].name if len(sources) == 1 else f"{len(sources)} files"
        raise Refused(what, f"{total:,} bytes; at most {limits.MAX_BYTES:,} are imported at once", status=413)
    rows: dict[Line, Row] = {}
    levels: list[Level] = []
    kernels: list[Kernel] = []
    question: list[str] = []
    for place, upload in enumerate(networks):
        reading = layers_of(upload.sources, choices)
        counted = _counted(reading, choices)
        if not reading.layers:
            raise Refused(upload.name, "it contains no kernel of two or more dimensions and no mask of one")
        if not levels:
            kernels = network(reading.layers, upload.name)
        else:
            _agree(levels[0], upload, reading.layers)
        by_name = {layer.name: layer for layer in reading.layers}
        layers = [by_name[kernel.name] for kernel in kernels]
        levels.append(Level(upload, layers, [counted[layer.name] for layer in layers]))
        question += _contradicted(levels[-1], choices, question)
        _collect(rows, reading, place, kernels, levels[-1])
    initial = check.same_initial([level.layers for level in levels]) and all(
        item.started for level in levels for item in level.counted
    )
    return Recognition(kernels, levels, list(rows.values()), question, list(_warnings(levels)), initial)


def _counted(reading: Reading, choices: Choices) -> dict[str, Counted]:
    """Return what was counted of each layer, by name; layers that are none are taken out of `reading`."""
    counted: dict[str, Counted] = {}
    for layer in list(reading.layers):
        try:
            counted[layer.name] = check.counted(layer)
        except Refused:
            if layer.sure:
                raise
            reading.layers.remove(layer)
            line = reading.lines[layer.decides.name]
            why = "not a pruning mask: its values are not 0 and 1"
            reading.lines[line.name] = line._replace(role="buffer", layer="", taken=False, why=why)
    unmasked = [layer for layer in reading.layers if layer.mask is None]
    alone = len(unmasked) == len(reading.layers) and all(counted[layer.name].bits for layer in unmasked)
    some = any(counted[layer.name].kept for layer in unmasked)
    for layer in unmasked:
        if check.is_mask(layer, counted[layer.name], alone and some) and layer.decides.name not in choices.roles:
            reading.layers[reading.layers.index(layer)] = layer.as_mask(inverted=choices.one_means == "pruned")
            line = reading.lines[layer.decides.name]
            why = "only 0 and 1 under the name of the weights: a mask, not weights"
            if choices.one_means == "pruned":
                counted[layer.name] = check.counted(reading.layers[reading.layers.index(layer)])
            reading.lines[line.name] = line._replace(role="mask", why=why)
    return counted


def _agree(first: Level, network: Network, layers: Sequence[Layer]) -> None:
    """Check that every network has the layers of the first, in the same shapes. Raises Refused."""
    expected = {layer.name: layer.stored for layer in first.layers}
    mine = {layer.name: layer.stored for layer in layers}
    for name in expected.keys() ^ mine.keys():
        what = "is missing from this file" if name in expected else "is not in the first file"
        raise Refused(network.name, f"{what}, but all files must have the same layers", tensor=name, field="name")
    for name, shape in mine.items():
        if shape != expected[name]:
            message = f"is {times(shape)} here and {times(expected[name])} in {first.network.name}"
            raise Refused(network.name, message, tensor=name, field="shape")


def _contradicted(level: Level, choices: Choices, known: Sequence[str]) -> list[str]:
    """Return layers of which every kept weight is 0 and some pruned one is not, unless a reader has decided."""
    if choices.one_means == "kept":
        return []
    return [
        layer.name
        for layer, counted in zip(level.layers, level.counted, strict=True)
        if counted.contradicted and layer.decides.name not in choices.roles and layer.name not in known
    ]


def _collect(rows: dict[Line, Row], reading: Reading, place: int, kernels: Sequence[Kernel], level: Level) -> None:
    """Add the lines of one network to the table; equal ones of several share a row."""
    kept: dict[str, int] = {}
    for kernel, layer, counted in zip(kernels, level.layers, level.counted, strict=True):
        name = layer.decides.name
        line = reading.lines[name]
        zeros = "0 counts as pruned" if layer.mask is None else ""
        why = "; ".join(filter(None, (line.why, zeros, kernel.why)))
        reading.lines[name] = line._replace(why=why, total=counted.total)
        kept[name] = counted.kept
    for line in reading.lines.values():
        if line not in rows and len(rows) >= MAX_LINES:
            continue
        row = rows.setdefault(line, Row(line, [], []))
        row.networks.append(place)
        row.kept.append(kept.get(line.name, 0))


def _warnings(levels: Sequence[Level]) -> Iterator[str]:
    """Yield what is odd, in words: levels that are not nested."""
    for before, after in pairwise(levels):
        if before.network.replicate != after.network.replicate:
            continue
        back = {}
        for one, two in zip(before.layers, after.layers, strict=True):
            count = sum(
                int(np.count_nonzero(two.decides.kept(*span) & ~one.decides.kept(*span)))
                for span in spans(two.decides.size)
            )
            if count:
                back[two.name] = count
        if back:
            places = f"level {after.network.level} ({after.network.name}) is not nested in level {before.network.level}"
            many = f"{sum(back.values()):,} pruned weights are kept again"
            where = ", ".join(list(back)[:3]) + (f" and {len(back) - 3} more" if len(back) > 3 else "")
            yield f"{places}: {many}, in {where}; check the order of the levels"
