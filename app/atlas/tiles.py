"""A viewport of a matrix as one picture, no larger than the screen that shows it, in which no kept weight gets lost."""

import io
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.atlas import palettes
from app.atlas.colorings import Color, Kind, Rows, SecondLayer, codes, legend
from app.atlas.orders import Order, orders
from app.atlas.palettes import Theme
from app.atlas.pooling import Codes, block_extreme, block_max, block_sum, whole_blocks
from app.atlas.reader import Reader
from app.contract.tickets import TicketRef

MAX_SIDE = 4096
"""Pixels of the largest screen, each way."""
# Pixels of a picture, by what they may be: of a random mask, one bit a pixel when nothing is pooled and about 3.6 bits
# in fifteen shades; of values, six bits. So no mask takes more than 150 kB and no other picture more than 600 kB.
_MOST_BITS = 1_100_000
_MOST_SHADES = 300_000
_MOST_VALUES = 640_000
_SHADES = 15
_BAND = 256


class OutOfRange(ValueError):  # noqa: N818 (it says what is wrong)
    """A viewport that is not part of the matrix, or a picture larger than a screen."""


class View(NamedTuple):
    """Rows `top` to `bottom` and columns `left` to `right` of a matrix, for a place of `width` × `height` pixels."""

    top: int
    bottom: int
    left: int
    right: int
    width: int
    height: int

    def check(self, rows: int, columns: int) -> None:
        """Check that the viewport lies in a matrix of that size and fits a screen. Raises OutOfRange."""
        if not 0 <= self.top < self.bottom <= rows:
            raise OutOfRange(f"rows {self.top} to {self.bottom} are not part of the {rows:,} rows of this layer")
        if not 0 <= self.left < self.right <= columns:
            raise OutOfRange(f"columns {self.left} to {self.right} are not part of its {columns:,} columns")
        if not (1 <= self.width <= MAX_SIDE and 1 <= self.height <= MAX_SIDE):
            raise OutOfRange(f"width and height must lie between 1 and {MAX_SIDE} pixels")


class Tile(NamedTuple):
    """A picture of rows `top` to `bottom` and columns `left` to `right`; a pixel is `high` × `wide` weights.

    It covers whole pixels, so it may reach past the matrix. `kept` counts the weights in it that are not code 0, all of
    which it shows.
    """

    png: bytes
    top: int
    bottom: int
    left: int
    right: int
    high: int
    wide: int
    kept: int


def tile(
    reader: Reader,
    ref: TicketRef,
    layer: int,
    color: Color,
    view: View,
    *,
    rows: Order = "natural",
    columns: Order = "natural",
    other: SecondLayer | None = None,
    ordered_by: SecondLayer | None = None,
    theme: Theme = "light",
) -> Tile:
    """Return the picture of a viewport.

    With a second ticket in a colour scale for both, its order that of `ordered_by`.
    Raises OutOfRange, NotFound.
    """
    size = reader.index(ref.run).layers[layer].size
    view.check(*size)
    meaning = legend(reader, ref, layer, color, other)
    high, wide = _blocks(view, meaning.kind)
    # Pixels begin at whole multiples, so that they do not flicker while the reader pans.
    top, left = view.top // high * high, view.left // wide * wide
    bottom, right = top - (top - view.bottom) // high * high, left - (left - view.right) // wide * wide
    source = _ordered(reader, ref, layer, color, rows, columns, other, ordered_by)
    widths = _edges(left, right, wide, size[1])
    kept, pooled = 0, []
    # A band at a time: it stays in the processor's cache, and the whole layer is never there twice.
    step = max(1, _BAND // high) * high
    for first in range(top, bottom, step):
        last = min(first + step, bottom)
        shown = source(first, min(last, size[0]))[:, left:right]
        kept += int(np.count_nonzero(shown))
        cells = np.outer(_edges(first, last, high, size[0]), widths)
        pooled.append(_pooled(whole_blocks(shown, high, wide), high, wide, meaning.kind, cells, meaning.high))
    png = _png(np.concatenate(pooled), _palette(meaning.kind, theme, int(meaning.high), high * wide))
    return Tile(png, top, bottom, left, right, high, wide, kept)


def _ordered(
    reader: Reader,
    ref: TicketRef,
    layer: int,
    color: Color,
    rows: Order,
    columns: Order,
    other: SecondLayer | None,
    ordered_by: SecondLayer | None,
) -> Rows:
    source = codes(reader, ref, layer, color, other)
    if rows == columns == "natural":
        return source
    index = reader.index(ref.run)

    def reorder() -> Codes:
        down, across = orders(reader, *(ordered_by or (ref, layer)), rows, columns)
        whole, ordered = source(0, len(down)), np.empty((len(down), len(across)), np.uint8)
        for first in range(0, len(down), _BAND):
            ordered[first : first + _BAND] = whole[down[first : first + _BAND]][:, across]
        return ordered

    key = ("ordered", index.seq, str(ref), layer, color, rows, columns, str(other), str(ordered_by))
    whole = reader.cache.get(key, reorder)
    return lambda first, last: whole[first:last]


def _blocks(view: View, kind: Kind) -> tuple[int, int]:
    """Return how many weights one pixel shows, down and across."""
    rows, columns = view.bottom - view.top, view.right - view.left
    high, wide = -(-rows // view.height), -(-columns // view.width)
    shares = _MOST_BITS if high == wide == 1 else _MOST_SHADES
    most = shares if kind == "share" else _MOST_VALUES
    while -(-rows // high) * -(-columns // wide) > most:
        # The side whose pixels are finer on the screen gives way.
        if rows * view.width * wide >= columns * view.height * high:
            high += 1
        else:
            wide += 1
    return high, wide


def _edges(first: int, last: int, step: int, end: int) -> NDArray[np.int64]:
    """Return how many cells of each block lie within the matrix."""
    starts = np.arange(first, last, step)
    return np.minimum(starts + step, end) - starts


def _pooled(shown: Codes, high: int, wide: int, kind: Kind, cells: NDArray[np.int64], top: float) -> Codes:
    """Return the palette indices of the pixels; 0 only where every weight has code 0."""
    one = high == wide == 1
    if kind == "share":
        # One weight of one mask needs no shades.
        return shown if one and top == 1 else _shade(block_sum(shown, high, wide), cells * int(top))
    if kind == "levels":
        return block_max(shown, high, wide)
    if kind == "signed":
        # The eye sees no more than six bits; the rest would only be bytes.
        extreme = block_extreme(shown, high, wide).astype(np.int16)
        return np.where(extreme == 0, 0, (extreme + 2).clip(4, 255) & 0xFC).astype(np.uint8)
    if kind == "positive":
        largest = block_max(shown, high, wide)
        return np.where(largest == 0, 0, np.maximum(largest, 4) & 0xFC).astype(np.uint8)
    if kind == "flips":
        kept = block_sum((shown > 0).astype(np.uint8), high, wide)
        flipped = block_sum((shown == 2).astype(np.uint8), high, wide)
        shades = _shade(flipped, np.maximum(kept, 1))
        return np.where(kept == 0, 0, 1 + shades).astype(np.uint8)
    counts = np.stack([block_sum((shown == side).astype(np.uint8), high, wide) for side in (1, 2, 3)])
    return np.where(counts.sum(axis=0) == 0, 0, 1 + counts.argmax(axis=0)).astype(np.uint8)


def _shade(counts: NDArray[np.int32], of: NDArray[np.int64] | NDArray[np.int32]) -> Codes:
    """Return 1 to 15 for a share that is not 0, however small, and 0 for 0."""
    return np.where(counts == 0, 0, np.maximum(-(-counts.astype(np.int64) * _SHADES // of), 1)).astype(np.uint8)


def _palette(kind: Kind, theme: Theme, top: int, block: int) -> NDArray[np.uint8]:
    """Return the colours of the indices that `_pooled` gives, `(n, 3)`."""
    paper = palettes.ramp((palettes.PAPER[theme],), 1)
    sequential = palettes.SEQUENTIAL[theme]
    if kind == "share":
        shades = palettes.ramp(sequential, _SHADES)
        return np.concatenate([paper, shades[-1:] if block == 1 and top == 1 else shades])
    if kind == "levels":
        return palettes.ramp((palettes.PAPER[theme], *sequential), top + 1)
    if kind == "signed":
        return np.concatenate([paper, palettes.ramp(palettes.DIVERGING[theme], 255)])
    if kind == "positive":
        return np.concatenate([paper, palettes.ramp(sequential, 255)])
    same = palettes.ramp((palettes.SAME[theme],), 1)
    if kind == "flips":
        return np.concatenate([paper, same, palettes.ramp(sequential, _SHADES)])
    only_a, only_b, both = (palettes.ramp((stop,), 1) for stop in palettes.SIDES[theme])
    return np.concatenate([paper, only_a, only_b, both])


def _png(pixels: Codes, palette: NDArray[np.uint8]) -> bytes:
    picture = Image.fromarray(np.ascontiguousarray(pixels), "L")
    picture = picture.copy()
    picture.putpalette(palette.tobytes())
    bits = next(bits for bits in (1, 2, 4, 8) if len(palette) <= 1 << bits)
    out = io.BytesIO()
    # Random bits gain nothing from a harder search.
    picture.save(out, "PNG", compress_level=1 if bits > 1 else 3, bits=bits)
    return out.getvalue()
