"""In which order rows and columns of a matrix are shown: as they are, by degree, or in clusters."""

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from app.atlas.reader import Reader
from app.contract.tickets import TicketRef
from app.masks.codec import unpack

Order: TypeAlias = Literal["natural", "degree", "cluster"]
Indices: TypeAlias = NDArray[np.intp]

_STEPS = 60


def orders(reader: Reader, ref: TicketRef, layer: int, rows: Order, columns: Order) -> tuple[Indices, Indices]:
    """The rows and the columns of a layer in the order in which they are shown; ties in their natural order."""
    index = reader.index(ref.run)
    height, width = index.layers[layer].size
    if rows == columns == "natural":
        return np.arange(height), np.arange(width)
    key = index.find("mask", ref).id, str(ref), layer

    def degrees() -> NDArray[np.float64]:
        mask = unpack(reader.bits(ref, layer), width)
        return np.concatenate([-mask.sum(axis=1, dtype=np.float64), -mask.sum(axis=0, dtype=np.float64)])

    def clusters() -> NDArray[np.float64]:
        return np.concatenate(seriation(unpack(reader.bits(ref, layer), width)))

    sides = []
    for order, side in ((rows, slice(0, height)), (columns, slice(height, None))):
        if order == "natural":
            sides.append(np.arange(height if side.start == 0 else width))
        else:
            place = reader.cache.get((order, *key), degrees if order == "degree" else clusters)
            sides.append(np.argsort(place[side], kind="stable"))
    return sides[0], sides[1]


def seriation(mask: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A place for each row and each column on one line, so that those which keep the same weights lie close.

    The second singular vectors of D_r^-½ A D_c^-½, found by power iteration. What keeps nothing goes last.
    Source: Dhillon 2001, "Co-clustering documents and words using bipartite spectral graph partitioning", section 4;
    the line itself is shown here, it is not cut into clusters.
    """
    rows, columns = (mask.sum(axis=axis, dtype=np.float64) for axis in (1, 0))
    by_row, by_column = (np.divide(1, np.sqrt(d), out=np.zeros(len(d)), where=d > 0) for d in (rows, columns))
    scaled = csr_array(mask, dtype=np.float32)
    scaled.data *= np.repeat(by_row.astype(np.float32), np.diff(scaled.indptr))
    # The first singular vectors are known, the roots of the degrees; the second are looked for at right angles to them.
    first = np.sqrt(columns / max(columns.sum(), 1))
    line = np.random.default_rng(0).normal(size=len(columns))
    for _ in range(_STEPS):
        line -= first * (first @ line)
        line = by_column * (scaled.T @ (scaled @ (by_column * line)))
        norm = np.linalg.norm(line)
        if norm == 0:
            break
        line /= norm
    line -= first * (first @ line)
    across = scaled @ (by_column * line)
    places = by_row * across, by_column * line
    for place, degree in zip(places, (rows, columns), strict=True):
        place[degree == 0] = np.inf
    return places
