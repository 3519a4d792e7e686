"""What a matrix can be coloured by: its codes, one byte a weight, and the legend with their meaning.

Code 0 is always a weight that is not there. Values are coded in steps of 1/127 of the legend's range; exact values are
read apart (`app.atlas.values`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from app.atlas.pooling import Codes
from app.atlas.reader import Reader
from app.atlas.values import Floats, Values
from app.contract.tickets import TicketRef
from app.masks.codec import unpack
from app.store.errors import NotFound

Color: TypeAlias = Literal["mask", "level", "initial", "trained", "moved", "flips", "replicates", "difference"]
Kind: TypeAlias = Literal["share", "levels", "signed", "positive", "flips", "sides"]

Rows: TypeAlias = Callable[[int, int], Codes]
"""Codes of rows `first` to `last`, `(last - first, columns)`."""

MIDDLE = 128
"""Code of the value 0 where values have a sign."""
_BAND = 256
_SAMPLED_ROWS = 64


class SecondLayer(NamedTuple):
    """One layer of a second ticket: B of a difference, or what shares the colour scale."""

    ref: TicketRef
    layer: int


class Legend(NamedTuple):
    """What codes mean: `kind` picks palette and pooling; values run from `low` to `high` and are clipped beyond.

    `title` has the unit; `one_of_many` is what a pixel of several weights shows.
    """

    kind: Kind
    title: str
    low: float
    high: float
    one_of_many: str


@dataclass(frozen=True)
class Coloring:
    """One way to colour: its name, what it needs, and what it shows."""

    label: str
    help: str
    needs: Literal["", "start", "end", "both", "other"] = ""


COLORINGS: Mapping[Color, Coloring] = {
    "mask": Coloring("mask", "Kept or pruned."),
    "level": Coloring("pruned at level", "The level at which each weight is first pruned."),
    "initial": Coloring("initial value", "Where the training of this level started.", "start"),
    "trained": Coloring("trained value", "Where it ended.", "end"),
    "moved": Coloring("|Δw|", "Change of each weight during the training of this level.", "both"),
    "flips": Coloring("sign flips", "Weights whose sign changed in the training of this level.", "both"),
    "replicates": Coloring("replicates that keep it", "How many replicates keep the weight at this level."),
    "difference": Coloring("difference", "Kept by A only, by B only, or by both.", "other"),
}


def available(reader: Reader, ref: TicketRef, layer: int) -> list[Color]:
    """Return the colourings for which the values are saved, except the difference, which needs a second ticket."""
    with Values(reader, ref, layer) as values:
        return [name for name, coloring in COLORINGS.items() if _there(values, coloring)]


def _there(values: Values, coloring: Coloring) -> bool:
    there = {"": True, "start": values.has_start, "end": values.has_end, "other": False}
    return there.get(coloring.needs, values.has_start and values.has_end)


def legend(reader: Reader, ref: TicketRef, layer: int, color: Color, other: SecondLayer | None = None) -> Legend:
    """Return what the codes of a colouring mean; with a second ticket, of both, so that one scale serves two pictures.

    Raises NotFound when the mask or the values are not saved.
    """
    index = reader.index(ref.run)
    index.find("mask", ref)
    if color == "mask":
        return Legend("share", "share kept", 0, 1, "the fraction of its weights that is kept")
    if color == "replicates":
        counts = [len(_replicates(reader, item)) for item in _refs(ref, other)]
        of = " and of ".join(map(str, dict.fromkeys(counts)))
        return Legend("share", f"replicates that keep it (of {of})", 0, max(counts), "their mean")
    if color == "level":
        last = _last_level(reader, ref, other)
        return Legend("levels", "level at which it is pruned", 0, last + 1, "its last weight to be pruned")
    if color == "difference":
        return Legend("sides", "kept by A, by B or by both", 1, 3, "the majority of its kept weights")
    if color == "flips":
        return Legend(
            "flips", "kept weights with a changed sign", 0, 1, "the fraction of its kept weights that changed sign"
        )
    reach = _shared_reach(reader, ref, layer, color, other)
    if color == "moved":
        return Legend("positive", "|Δw|", 0, reach, "the weight that moved farthest")
    name = "initial" if color == "initial" else "trained"
    return Legend("signed", f"{name} weight", -reach, reach, "the weight of largest magnitude")


def codes(reader: Reader, ref: TicketRef, layer: int, color: Color, other: SecondLayer | None = None) -> Rows:
    """Return rows of a layer as one byte for each weight, in the scale of `legend`; `other` is B of a difference.

    Raises NotFound.
    """
    index = reader.index(ref.run)
    columns = index.layers[layer].size[1]
    if color == "mask":
        bits = reader.bits(ref, layer)
        return lambda first, last: unpack(bits[first:last], columns)
    if color == "replicates":
        several = [reader.bits(replicate, layer) for replicate in _replicates(reader, ref)]
        return lambda first, last: np.sum([unpack(item[first:last], columns) for item in several], 0, np.uint8)
    if color == "difference":
        one, two = reader.bits(ref, layer), reader.bits(*(other or (ref, layer)))
        return lambda first, last: unpack(one[first:last], columns) | unpack(two[first:last], columns) << np.uint8(1)
    if color == "level":
        whole, never = reader.death(ref.run, ref.replicate, layer), _last_level(reader, ref) + 1
        last_of_both = _last_level(reader, ref, other)
        # A weight that is never pruned has the last colour, however many levels the other ticket has.
        return lambda first, last: whole[first:last] + np.uint8(last_of_both + 1 - never) * (whole[first:last] == never)
    reach = None if color == "flips" else _shared_reach(reader, ref, layer, color, other)
    key = ("codes", index.find("mask", ref).id, str(ref), layer, color, reach)
    whole = reader.cache.get(key, lambda: _coded(reader, ref, layer, color, reach))
    return lambda first, last: whole[first:last]


def _coded(reader: Reader, ref: TicketRef, layer: int, color: Color, reach: float | None) -> Codes:
    rows, columns = reader.index(ref.run).layers[layer].size
    scale = None if reach is None else 127 / reach
    array = np.empty((rows, columns), np.uint8)
    measure = _MEASURES[color]
    with Values(reader, ref, layer) as values:
        _check(values, ref, color)
        for first in range(0, rows, _BAND):
            last = min(rows, first + _BAND)
            visibility = measure(values, first, last)
            if scale is None:
                coded = visibility + 1
            elif color == "moved":
                coded = np.ceil(np.minimum(2 * scale * visibility, 254)) + 1
            else:
                coded = MIDDLE + np.clip(np.rint(scale * visibility), -127, 127)
            # Pruned weights are NaN, and code 0.
            np.copyto(array[first:last], np.nan_to_num(coded, copy=False, nan=0).astype(np.uint8))
    return array


def _check(values: Values, ref: TicketRef, color: Color) -> None:
    if not _there(values, COLORINGS[color]):
        raise NotFound(f"the weights of ticket {ref} are not saved, so it cannot be coloured by {color}")


def _shared_reach(reader: Reader, ref: TicketRef, layer: int, color: Color, other: SecondLayer | None) -> float:
    """Return where the colour scale of both ends: that of the one whose values reach farther."""
    reach = _reach(reader, ref, layer, color)
    return (
        reach if other is None or color not in available(reader, *other) else max(reach, _reach(reader, *other, color))
    )


def _last_level(reader: Reader, ref: TicketRef, other: SecondLayer | None = None) -> int:
    return max(reader.index(item.run).levels(item.replicate)[-1] for item in _refs(ref, other))


def _refs(ref: TicketRef, other: SecondLayer | None) -> list[TicketRef]:
    return [ref] if other is None else [ref, other.ref]


def _reach(reader: Reader, ref: TicketRef, layer: int, color: Color) -> float:
    """Return where the colour scale ends: the 99.5th percentile of |value| over some rows.

    It is rounded up to 1, 2 or 5 × 10^k.
    """
    rows = reader.index(ref.run).layers[layer].size[0]
    measure = _MEASURES[color]
    key = ("reach", reader.index(ref.run).find("mask", ref).id, str(ref), layer, color)

    def look() -> NDArray[np.float64]:
        with Values(reader, ref, layer) as values:
            _check(values, ref, color)
            chosen = np.unique(np.linspace(0, rows - 1, min(rows, _SAMPLED_ROWS)).astype(int))
            magnitudes = np.concatenate([np.abs(measure(values, row, row + 1)).reshape(-1) for row in chosen])
        magnitudes = magnitudes[np.isfinite(magnitudes)]
        top = float(np.quantile(magnitudes, 0.995)) if magnitudes.size else 0.0
        if top <= 0:
            return np.array([1.0])
        decade = 10.0 ** np.floor(np.log10(top))
        return np.array([next(m * decade for m in (1, 2, 5, 10) if m * decade >= top * (1 - 1e-9))])

    return float(reader.cache.get(key, look)[0])


def _replicates(reader: Reader, ref: TicketRef) -> list[TicketRef]:
    """Return the same ticket in every replicate that has it."""
    replicates = [ticket for ticket in reader.index(ref.run).tickets if ticket.coordinates == ref.coordinates]
    if not replicates:
        raise NotFound(f"no mask of ticket {ref} is saved (yet)")
    return replicates


def _moved(values: Values, first: int, last: int) -> Floats:
    distance: Floats = np.abs(values.end(first, last) - values.start(first, last))
    return distance


def _flipped(values: Values, first: int, last: int) -> Floats:
    product: Floats = np.sign(values.start(first, last)) * np.sign(values.end(first, last))
    # Of what was pruned there is no sign to flip.
    product[product >= 0] = 0
    product[product < 0] = 1
    return product


_MEASURES: Mapping[Color, Callable[[Values, int, int], Floats]] = {
    "initial": Values.start,
    "trained": Values.end,
    "moved": _moved,
    "flips": _flipped,
}
