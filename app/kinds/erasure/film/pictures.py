"""A frame as one small picture: signed colours about 0, and of many entries in one pixel the largest."""

import io
from collections.abc import Callable
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.atlas import palettes
from app.atlas.palettes import Theme
from app.kinds.erasure.film.reader import FilmReader, Floats, Show, Still
from app.records import ArtifactRef
from app.store.errors import Corrupt

Scale: TypeAlias = Literal["fixed", "frame"]
Pixels: TypeAlias = NDArray[np.uint8]

MAX_SIDE = 4096
SHADES = 31
"""Colours on each side of the middle one, which is 0. The eye distinguishes no more; the rest would be bytes."""
QUANTILE = 0.995
# Entries that a quantile is taken of: all, or those of rows at equal distances.
_SAMPLED = 2**20
_BAND = 256


class Picture(NamedTuple):
    """A palette PNG in which a pixel is `high` × `wide` entries; colours end at ± `reach` and are clipped beyond."""

    png: bytes
    rows: int
    columns: int
    high: int
    wide: int
    reach: float


def picture(reader: FilmReader, still: Still, show: Show, scale: Scale, size: int, theme: Theme) -> Picture:
    """Return the picture of a frame, at most `size` pixels each way. Raises NotFound, Corrupt."""
    end = reach(reader, still, show, scale)
    (rows, columns), (high, wide) = reader.size(still), blocks(reader, still, size)
    key = ("png", still.init.id, still.delta.id, still.scale, show, end, high, wide, theme)

    def make() -> Pixels:
        image = Image.fromarray(pixels(reader, still, show, end, size), "P")
        image.putpalette(palette(theme))
        out = io.BytesIO()
        # Random bits gain nothing from a harder search.
        image.save(out, "PNG", compress_level=1)
        return np.frombuffer(out.getvalue(), np.uint8)

    return Picture(reader.cache.get(key, make).tobytes(), rows, columns, high, wide, end)


def pixels(reader: FilmReader, still: Still, show: Show, end: float, size: int) -> Pixels:
    """Return indices into `palette`, 0 to 2 · `SHADES`: of each block of entries the one of largest magnitude."""
    (rows, _), (high, wide) = reader.size(still), blocks(reader, still, size)
    pixels = []
    with reader.busy:
        # A band at a time: it stays in the processor's cache, and the whole matrix is never there twice.
        step = max(1, _BAND // high) * high
        for first in range(0, rows, step):
            extremes = extreme(reader.values(still, show, first, min(first + step, rows)), high, wide)
            pixels.append((np.rint(np.clip(extremes * (SHADES / end), -SHADES, SHADES)) + SHADES).astype(np.uint8))
    return np.concatenate(pixels)


def blocks(reader: FilmReader, still: Still, size: int) -> tuple[int, int]:
    """Return how many entries a pixel shows, down and across, if no side may have more than `size` pixels."""
    rows, columns = reader.size(still)
    return -(-rows // size), -(-columns // size)


def extreme(values: Floats, high: int, wide: int) -> Floats:
    """Return the entry of largest magnitude of each block of `high` × `wide`; blocks at the edges may be partial."""
    if high == wide == 1:
        return values
    below, right = -values.shape[0] % high, -values.shape[1] % wide
    if below or right:
        values = np.pad(values, ((0, below), (0, right)))
    rows, columns = values.shape
    # Over whole rows first, which lie together in memory.
    tall = values.reshape(rows // high, high, columns)
    top, low = tall.max(axis=1), tall.min(axis=1)
    top, low = (item.reshape(rows // high, columns // wide, wide) for item in (top, low))
    top, low = top.max(axis=2), low.min(axis=2)
    array: Floats = np.where(top >= -low, top, low)
    return array


def reach(reader: FilmReader, still: Still, show: Show, scale: Scale) -> float:
    """Return where the colours end: the 99.5th percentile of magnitudes, rounded up to two digits; 1 where all are 0.

    "fixed" takes those of the initial matrix with the picture. So it is one number for every frame, training and twin
    of a width and replicate, for W as for ΔW. It is known before anything is trained. "frame" takes those shown.
    """
    if scale == "fixed":
        return fixed_reach(reader, still.base)
    key = ("reach", still.init.id, still.delta.id, still.scale, show)
    end = reader.cache.get(
        key, lambda: _quantile(lambda first, last: reader.values(still, show, first, last), *reader.size(still))
    )
    return float(end[0])


def fixed_reach(reader: FilmReader, base: ArtifactRef) -> float:
    """Return the reach of the scale "fixed", from the initial matrix with the picture."""
    end = reader.cache.get(
        ("reach", base.id),
        lambda: _quantile(lambda first, last: reader.initial(base, first, last), *reader.initial_size(base)),
    )
    return float(end[0])


def _quantile(read: Callable[[int, int], Floats], rows: int, columns: int) -> NDArray[np.float64]:
    n = max(1, min(rows, _SAMPLED // columns))
    if n == rows:
        sizes = np.abs(read(0, rows))
    else:
        chosen = np.unique(np.linspace(0, rows - 1, n).astype(int))
        sizes = np.abs(np.concatenate([read(row, row + 1) for row in chosen]))
    top = float(np.quantile(sizes, QUANTILE))
    if not np.isfinite(top):
        raise Corrupt("a stored matrix is damaged: it contains values that are not numbers")
    return np.array([rounded_up(top) if top > 0 else 1.0])


def rounded_up(value: float) -> float:
    """Return the least number of two significant digits that is not below `value`."""
    unit = 10.0 ** (np.floor(np.log10(value)) - 1)
    return float(f"{np.ceil(value / unit * (1 - 1e-9)) * unit:.1e}")


def palette(theme: Theme) -> bytes:
    """Return the colours of the indices that `pixels` gives, as RGB bytes; one more, the last, is the page's paper."""
    paper = palettes.ramp((palettes.PAPER[theme],), 1)
    return np.concatenate([palettes.ramp(palettes.DIVERGING[theme], 2 * SHADES + 1), paper]).tobytes()
