"""In which order rows and columns of a matrix are shown: as they are, by degree, or in clusters."""

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from app.atlas.reader import Reader
from app.contract.tickets import TicketRef
from app.masks.codec import Bits, unpack
from app.masks.sums import sums

Order: TypeAlias = Literal["natural", "degree", "cluster"]
Indices: TypeAlias = NDArray[np.intp]

_STEPS = 40
_BAND = 256


def orders(reader: Reader, ref: TicketRef, layer: int, rows: Order, columns: Order) -> tuple[Indices, Indices]:
    """Return the rows and the columns of a layer in the order in which they are shown; ties in their natural order."""
    index = reader.index(ref.run)
    height, width = index.layers[layer].size
    if rows == columns == "natural":
        return np.arange(height), np.arange(width)
    key = index.find("mask", ref).id, str(ref), layer

    def degrees() -> NDArray[np.float64]:
        return -np.concatenate(_degrees(reader.bits(ref, layer), width))

    def clusters() -> NDArray[np.float64]:
        return np.concatenate(seriation(reader.bits(ref, layer), width))

    sides = []
    for order, side in ((rows, slice(0, height)), (columns, slice(height, None))):
        if order == "natural":
            sides.append(np.arange(height if side.start == 0 else width))
        else:
            place = reader.cache.get((order, *key), degrees if order == "degree" else clusters)
            sides.append(np.argsort(place[side], kind="stable"))
    return sides[0], sides[1]


def seriation(bits: Bits, columns: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a place for each row and each column on one line, so that those which keep the same weights lie close.

    It is the second pair of singular vectors of D_r^-½ A D_c^-½, by power iteration. What keeps nothing goes last.
    Source: Dhillon 2001, "Co-clustering documents and words using bipartite spectral graph partitioning", section 4.
    The line itself is shown here and not cut into clusters.
    """
    across, down = _degrees(bits, columns)
    by_row, by_column = (np.divide(1, np.sqrt(d), out=np.zeros(len(d)), where=d > 0) for d in (across, down))
    # The first singular vectors are known, the roots of the degrees; the second are looked for at right angles to them.
    first = np.sqrt(down / max(down.sum(), 1))
    line = np.random.default_rng(0).normal(size=columns)
    rows = np.zeros(len(bits))
    for _ in range(_STEPS):
        line -= first * (first @ line)
        line /= np.linalg.norm(line) or 1
        weighted, line = (by_column * line).astype(np.float32), np.zeros(columns)
        # A band of rows at a time: the whole matrix in floats would be most of what the web may hold.
        for start in range(0, len(bits), _BAND):
            band = slice(start, start + _BAND)
            mask = unpack(bits[band], columns).astype(np.float32)
            rows[band] = by_row[band] * (mask @ weighted)
            line += (by_row[band] * rows[band]).astype(np.float32) @ mask
        line *= by_column
    places = by_row * rows, by_column * (line - first * (first @ line))
    for place, degree in zip(places, (across, down), strict=True):
        place[degree == 0] = np.inf
    return places


def _degrees(bits: Bits, columns: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Count the kept weights of each row and of each column."""
    totals = sums(bits, columns)
    return totals["rows"].astype(np.float64), totals["columns"].astype(np.float64)
