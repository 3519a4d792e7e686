"""Small pictures of matrices under a figure, in rows by optimizer, each below its learning rate."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.plotting.style import note

MOST = 24
# Shares of the plot's height: what the rows take together at most, one of them, and the gap above them.
_ALL, _ROW, _GAP = 0.48, 0.16, 0.07
# The share of the axis by which optimizers in one row are apart: names are there.
_APART = 0.25
_FLAT = 2.0


class Sheet(NamedTuple):
    """Where pictures go: `rates` of each optimizer's rates that have one, and its row, 0 on top.

    `span` are the ends of the axis and `side` the width of a picture's place, in powers of ten of the learning rate.
    `aspect` is a picture's width over its height; beyond 2, either way, it is stretched, or nothing could be seen.
    `left_out` counts rates without a picture.
    """

    rates: Mapping[str, tuple[int, ...]]
    rows: Mapping[str, int]
    span: tuple[float, float]
    side: float
    left_out: int
    aspect: float

    @property
    def flat(self) -> bool:
        """Return whether pictures are stretched."""
        return max(self.aspect, 1 / self.aspect) > _FLAT


class Spot(NamedTuple):
    """A picture's address; empty where every training diverged and there is no picture."""

    optimizer: str
    lr: float
    source: str


def shown(lrs: Mapping[str, NDArray[np.float64]], *, aspect: float = 1.0) -> Sheet:
    """Return where the pictures of trainings at these rates go: no two overlap, and there are at most `MOST`."""
    rates = {name: tuple(np.argsort(lr).tolist()) for name, lr in lrs.items()}
    each_most = max(1, MOST // max(1, len(lrs)))
    picked = {name: _spaced(these, each_most) for name, these in rates.items()}
    at = {name: np.log10(lr) for name, lr in lrs.items()}
    every = np.concatenate(list(at.values()))
    low, high = float(every.min()), float(every.max())
    span = max(high - low, 1.0)
    gaps = [np.diff(at[name][list(these)]) for name, these in picked.items()]
    side = 0.92 * min(float(np.concatenate(gaps).min(initial=math.inf)), 0.3 * span)
    room = max(0.7 * side, 0.06 * span)
    middle = (low + high) / 2
    half = max((high - low) / 2, 0.5) if high == low else (high - low) / 2
    return Sheet(
        rates=picked,
        rows=_rows(
            {name: (float(values.min()), float(values.max())) for name, values in at.items()}, _APART * span + side
        ),
        span=(middle - half - room, middle + half + room),
        side=side,
        left_out=sum(len(rates[name]) - len(these) for name, these in picked.items()),
        aspect=aspect,
    )


def _spaced(rates: Sequence[int], most: int) -> tuple[int, ...]:
    """Return at most so many rates, evenly from the first to the last; of one alone the last."""
    if len(rates) <= most:
        return tuple(rates)
    if most == 1:
        return (rates[-1],)
    places = np.unique(np.linspace(0, len(rates) - 1, most).round().astype(int))
    return tuple(rates[i] for i in places)


def _rows(reach: Mapping[str, tuple[float, float]], apart: float) -> dict[str, int]:
    """Return a row for each optimizer: the first where it is far enough from all others."""
    taken: list[list[tuple[float, float]]] = []
    rows = {}
    for name, (low, high) in reach.items():
        free = (i for i, row in enumerate(taken) if all(low > b + apart or high < a - apart for a, b in row))
        row = next(free, len(taken))
        if row == len(taken):
            taken.append([])
        taken[row].append((low, high))
        rows[name] = row
    return rows


def _height(sheet: Sheet) -> float:
    """Return the height of a row, as a share of the plot's."""
    return min(_ROW, _ALL / (max(sheet.rows.values()) + 1))


def zone(sheet: Sheet) -> float:
    """Return the share of the plot's height that the rows take, the gap above them included."""
    return _height(sheet) * (max(sheet.rows.values()) + 1) + _GAP


def _middle(sheet: Sheet, optimizer: str) -> float:
    return zone(sheet) - _GAP - _height(sheet) * (sheet.rows[optimizer] + 0.5)


def images(sheet: Sheet, spots: Sequence[Spot]) -> list[dict[str, Any]]:
    """Return the pictures, as layout images: x in powers of ten as a log axis has it, y in shares of the plot."""
    return [
        {
            "source": spot.source, "xref": "x", "x": math.log10(spot.lr), "sizex": sheet.side, "xanchor": "center",
            "yref": "paper", "y": _middle(sheet, spot.optimizer), "sizey": 0.93 * _height(sheet), "yanchor": "middle",
            "sizing": "stretch" if sheet.flat else "contain", "layer": "above",
        }
        for spot in spots if spot.source
    ]  # fmt: skip


def marks(sheet: Sheet, spots: Sequence[Spot], label: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return a cross in place of each missing picture, and the optimizer's name to the right of each row."""
    notes = [
        note("×", role=spot.optimizer, xref="x", x=math.log10(spot.lr), xanchor="center", yref="paper",
             y=_middle(sheet, spot.optimizer), yanchor="middle")
        for spot in spots if not spot.source
    ]  # fmt: skip
    last: dict[str, Spot] = {}
    for spot in sorted(spots, key=lambda spot: spot.lr):
        last[spot.optimizer] = spot
    pictures = [spot for spot in spots if spot.source]
    return notes + [
        note(label[name], role=name, xref="x", x=math.log10(spot.lr), xanchor="left", yref="paper",
             y=_middle(sheet, name), yanchor="middle", xshift=9,
             **({"place": {"image": pictures.index(spot), "aspect": sheet.aspect}} if spot.source else {}))
        for name, spot in last.items()
    ]  # fmt: skip
