"""One unit of a layer: what it reads, who reads it, and the paths of kept weights from it to the outputs."""

from math import isqrt, prod
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from app.atlas.reader import Index, Layer, Reader
from app.atlas.tiles import OutOfRange
from app.atlas.values import Floats, Values
from app.contract.experiment import Experiment
from app.contract.tickets import TicketRef
from app.masks import reach
from app.masks.chain import unordered
from app.masks.codec import Bits, unpack
from app.masks.connectivity import paths, spread_of
from app.masks.sums import sums


class Unit(NamedTuple):
    """One unit: `in_degree` kept weights feed it, `out_degree` of the layers `readers` read it, None where none can.

    `picture` `(n, height, width)` is how its incoming weights form pictures: channels of the input, or kernels; it is
    None where they form none. `assumed` is True if its shape is a guess from its size. `kept`, `start` and `end`
    `(n_columns,)` are those weights. `reached` holds, for each layer behind it, how many paths reach each unit.
    `reason` is why what follows it is not known for this model, None where it is. `assumed_chain` is True if it is read
    as a chain of layers because the architecture is not known.
    """

    unit: int
    in_degree: int
    out_degree: int | None
    readers: list[str]
    picture: tuple[int, int, int] | None
    assumed: bool
    kept: NDArray[np.uint8]
    start: Floats
    end: Floats
    reached: list[tuple[str, NDArray[np.float64]]]
    reason: str | None
    assumed_chain: bool


def unit(reader: Reader, ref: TicketRef, layer: int, number: int) -> Unit:
    """Return the unit of that number. Raises OutOfRange, NotFound."""
    index = reader.index(ref.run)
    mine = index.layers[layer]
    rows, columns = mine.size
    if not 0 <= number < rows:
        raise OutOfRange(f"unit {number} is not one of the {rows:,} units of {mine.name}")
    kept = unpack(reader.bits(ref, layer)[number : number + 1], columns)[0]
    with Values(reader, ref, layer) as values:
        start, end = values.start(number, number + 1)[0], values.end(number, number + 1)[0]
    degree, readers, reached, reason, chained = _behind(reader, ref, index, layer, number)
    picture, assumed = picture_of(index, layer)
    return Unit(
        number, int(kept.sum()), degree, readers, picture, assumed, kept, start, end, reached, reason, chained
    )  # fmt: skip


_Behind: TypeAlias = tuple[int | None, list[str], list[tuple[str, NDArray[np.float64]]], str | None, bool]


def _behind(reader: Reader, ref: TicketRef, index: Index, layer: int, number: int) -> _Behind:
    """Return the fields of a unit that do not describe its own weights."""
    network = reader.network(index.run)
    names = [layer.name for layer in index.layers]
    if isinstance(network, str):
        return None, [], [], network, False
    if network is None and (reason := unordered(names)):
        return None, [], [], reason, False
    if network is None:
        behind = [(reader.bits(ref, i), after.shape, after.groups) for i, after in enumerate(index.layers) if i > layer]
        path_counts = paths(number, index.layers[layer].size[0], behind)
        degree = _read_by(reader, ref, index, layer, number)
        readers = [] if degree is None else names[layer + 1 : layer + 2]
        # Runs of before all networks were read had chains only.
        assumed = not isinstance(index.run.spec, Experiment)
        return degree, readers, list(zip(names[layer + 1 :], path_counts, strict=False)), None, assumed
    places = {layer.key: i for i, layer in enumerate(index.layers)}

    def masks(key: str) -> Bits | None:
        return reader.bits(ref, places[key]) if key in places else None

    key = index.layers[layer].key
    counts = reach.readers(network, key, number, masks)
    followed = reach.paths(network, key, number, masks)
    return (
        sum(counts.values()) if counts else None,
        [names[places[count]] for count in counts if count in places],
        [(names[places[place]], reached) for place, reached in followed if place in places],
        None,
        False,
    )


def picture_of(index: Index, layer: int) -> tuple[tuple[int, int, int] | None, bool]:
    """Return how the columns of a layer form pictures `(n, height, width)`, and whether that is only a guess."""
    mine = index.layers[layer]
    if len(mine.kernel) == 2:
        return (mine.shape[1], mine.kernel[0], mine.kernel[1]), False
    if layer > 0:
        return None, False
    given = index.run.provenance.get("input")
    if given and len(given) != 3:
        return None, False
    if given and prod(given) == mine.size[1]:
        return (int(given[0]), int(given[1]), int(given[2])), False
    for channels in (1, 3):
        pixels, rest = divmod(mine.size[1], channels)
        side = isqrt(pixels)
        if not rest and side * side == pixels and side >= 4:
            return (channels, side, side), True
    return None, False


def _read_by(reader: Reader, ref: TicketRef, index: Index, layer: int, number: int) -> int | None:
    """Count the kept weights of the next layer that read this unit, where only the order of layers is known."""
    if layer + 1 >= len(index.layers):
        return None
    after: Layer = index.layers[layer + 1]
    units = index.layers[layer].size[0]
    spread = spread_of(units, after.shape[1] * after.groups) if len(after.shape) > 1 else None
    if spread is None:
        return None
    if after.groups > 1:
        # Only the rows of one group read this unit.
        group, place = divmod(number * spread, after.shape[1])
        rows = after.size[0] // after.groups
        bits = unpack(reader.bits(ref, layer + 1)[group * rows : (group + 1) * rows], after.size[1])
        wide = prod(after.kernel)
        return int(bits[:, place * wide : (place + spread) * wide].sum())
    wide = spread * prod(after.kernel)
    by_column = sums(reader.bits(ref, layer + 1), after.size[1])["columns"]
    return int(by_column[number * wide : (number + 1) * wide].sum())
