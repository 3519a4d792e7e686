"""Everything that is known of the weights in a viewport, exactly."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.atlas.colorings import SecondLayer
from app.atlas.orders import Indices, Order, orders
from app.atlas.reader import Reader
from app.atlas.tiles import OutOfRange, View
from app.atlas.values import Floats, Values
from app.contract.tickets import TicketRef
from app.masks.codec import unpack

MAX_CELLS = 20_000
"""Cells of one answer: more is a picture, and about what a browser draws as single cells."""
_BAND = 256


class Cells(NamedTuple):
    """Weights `(len(rows), len(columns))` as they are shown; `rows` and `columns` are their places in the layer.

    `kept` is 0 or 1 at this level. `death` is the level at which a weight is first pruned, one past the last saved
    level if never. `start` and `end` are the weight before and after the training of this level, NaN where not saved. A
    pruned weight has no end. Its start is the initial value that it was pruned from, where those are saved whole.
    `replicates` counts those that keep it at this level.
    """

    rows: Indices
    columns: Indices
    kept: NDArray[np.uint8]
    death: NDArray[np.uint8]
    start: Floats
    end: Floats
    replicates: NDArray[np.uint8]


def cells(
    reader: Reader,
    ref: TicketRef,
    layer: int,
    view: View,
    *,
    rows: Order = "natural",
    columns: Order = "natural",
    ordered_by: SecondLayer | None = None,
    limit: int = MAX_CELLS,
) -> Cells:
    """Return the weights of a viewport, in the order of `ordered_by` if given.

    Raises OutOfRange when they are more than `limit`, NotFound.
    """
    index = reader.index(ref.run)
    width = index.layers[layer].size[1]
    view.check(*index.layers[layer].size)
    n = (view.bottom - view.top) * (view.right - view.left)
    if n > limit:
        raise OutOfRange(f"{n:,} weights at once; at most {limit:,}: zoom in")
    down, across = orders(reader, *(ordered_by or (ref, layer)), rows, columns)
    down, across = down[view.top : view.bottom], across[view.left : view.right]
    start, end = np.empty((2, len(down), len(across)), np.float32)
    with Values(reader, ref, layer) as values:
        at = 0
        for first, last in _runs(down):
            start[at : at + last - first] = values.origin(first, last)[:, across]
            end[at : at + last - first] = values.end(first, last)[:, across]
            at += last - first
    replicates = np.zeros(start.shape, np.uint8)
    for ticket in index.tickets:
        if ticket.coordinates == ref.coordinates:
            replicates += unpack(reader.bits(ticket, layer)[down], width)[:, across]
    return Cells(
        down,
        across,
        unpack(reader.bits(ref, layer)[down], width)[:, across],
        reader.death(ref.run, ref.replicate, layer)[np.ix_(down, across)],
        start,
        end,
        replicates,
    )


def _runs(rows: Indices) -> list[tuple[int, int]]:
    """Group consecutive rows to ranges `first` to `last`, none longer than a band, so that no read is large."""
    runs: list[tuple[int, int]] = []
    for row in rows.tolist():
        if runs and runs[-1][1] == row and row - runs[-1][0] < _BAND:
            runs[-1] = (runs[-1][0], row + 1)
        else:
            runs.append((row, row + 1))
    return runs
