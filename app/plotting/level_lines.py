"""Lines by level in percent: mean and band over replicates, different in dash and marker, named where they end."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.contract.events import WINNING_TICKET
from app.plotting import labels, words
from app.plotting.density_curves import joined, rgba
from app.plotting.replicates import mean
from app.plotting.style import LOOKS, SOFT, axis

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DASHES = ("solid", "6px,3px", "2px,2.5px", "10px,3px,2px,3px")
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "triangle-down", "cross", "pentagon", "hexagon", "star")
MARGIN = labels.margin(["conv1 … conv6"])
# Labels at the ends: as many as have room, and none wider than the margin.
_LABELS = 12
_LETTERS = 14
# More lines than this are a crowd: readers cannot distinguish them, and a hover would list them all.
DISTINCT = 24


EMPTY = "x-thin"
"""The marker of a share of 0, which a log axis has no place for: it is at the floor."""


class LogScale(NamedTuple):
    """A logarithmic axis of percent: `range` as plotly has it, and the `floor` in percent for shares of 0.

    `empty` is whether there are any.
    """

    range: tuple[float, float]
    floor: float
    empty: bool


class Line(NamedTuple):
    """`share` is (n_levels, n_replicates) in [0, 1], NaN where there is none; without `symbol` it has no markers."""

    name: str
    label: str
    share: Floats
    dash: str
    symbol: str = ""
    role: str = WINNING_TICKET


def of_layers(names: Sequence[str], shares: Floats) -> list[Line]:
    """Return a line for each layer, from (n_layers, n_levels, n_replicates): layers share the ticket's colour."""
    return [
        Line(name, name, share, DASHES[i % len(DASHES)], SYMBOLS[i % len(SYMBOLS)])
        for i, (name, share) in enumerate(zip(names, shares, strict=True))
    ]


def of_all(share: Floats) -> Line:
    """Return the dotted line of all layers together."""
    return Line("all layers", "all", share, LOOKS[SOFT].dash, role=SOFT)


def level_of_most(share: Floats) -> int:
    """Return the last level that the most replicates have reached, as an index into (n_levels, n_replicates)."""
    n = np.isfinite(share).sum(axis=1)
    return int(np.flatnonzero(n == n.max())[-1])


def crowd(levels: Ints, lines: Sequence[Line]) -> list[dict[str, Any]]:
    """Return traces of layers: of each its own, or of more than `DISTINCT` thin lines in one, without hover."""
    if len(lines) <= DISTINCT:
        return [trace for line in lines for trace in traces(levels, line)]
    means = 100 * np.stack([mean(line.share) for line in lines], axis=1)
    x, y = joined(levels.astype(np.float64), means)
    return [
        {
            "type": "scatter", "mode": "lines", "name": "layers", "x": x, "y": y, "hoverinfo": "skip", "opacity": 0.5,
            "line": {"color": LOOKS[WINNING_TICKET].color, "width": 0.8},
            "meta": {"role": WINNING_TICKET, "part": "mean"},
        }
    ]  # fmt: skip


def traces(levels: Ints, line: Line, scale: LogScale | None = None) -> list[dict[str, Any]]:
    """Return a band where replicates differ, and the mean.

    A share of 0 is a cross at the floor of a logarithmic `scale`.
    """
    x, y, color = levels.astype(np.int32), 100 * mean(line.share), LOOKS[line.role].color
    low = 100 * np.fmin.reduce(line.share, axis=1, initial=np.nan)
    high = 100 * np.fmax.reduce(line.share, axis=1, initial=np.nan)
    empty = y == 0 if scale else np.zeros(len(y), bool)
    n = np.isfinite(line.share).sum(axis=1)
    # Where not every mean is over as many replicates, each says over how many.
    behind = [f" (n = {item})" if n.min() < n.max() else "" for item in n]
    text = [f"{words.density(value / 100)}{of}" for value, of in zip(y, behind, strict=True)]
    if scale is not None:
        y, low, high = (np.maximum(item, scale.floor) for item in (y, low, high))
    out: list[dict[str, Any]] = []
    if np.nanmax(high - low, initial=0) > 0.01:
        edge = {"type": "scatter", "mode": "lines", "x": x, "line": {"width": 0}, "hoverinfo": "skip",
                "meta": {"role": line.role, "part": "band"}}  # fmt: skip
        out.append({**edge, "y": low})
        out.append({**edge, "y": high, "fill": "tonexty", "fillcolor": rgba(color, 0.13)})
    marked = bool(line.symbol) or bool(empty.any())
    trace: dict[str, Any] = {
        "type": "scatter", "mode": "lines+markers" if marked else "lines", "name": line.name, "x": x, "y": y,
        "line": {"color": color, "width": 1.8 if line.symbol else 1.5, "dash": line.dash}, "text": text,
        "hovertemplate": "%{text}", "meta": {"role": line.role, "part": "mean"},
    }  # fmt: skip
    if marked:
        symbols = [EMPTY if gone else line.symbol or "circle" for gone in empty]
        sizes = [9 if gone else 6 if line.symbol else 0 for gone in empty]
        trace["marker"] = {"symbol": symbols, "color": color, "size": sizes, "line": {"color": color, "width": 1.6}}
    return [*out, trace]


def names(
    levels: Ints, lines: Sequence[Line], y_range: tuple[float, float], scale: LogScale | None = None
) -> list[dict[str, Any]]:
    """Return a label where each line ends.

    Lines that end at the same point, or too close for as many labels, share one.
    """
    log = scale is not None
    ends: list[tuple[labels.End, list[int]]] = []
    for i, line in enumerate(lines):
        y = np.maximum(100 * mean(line.share), scale.floor if scale else 0)
        there = np.flatnonzero(np.isfinite(y))
        if len(there):
            ends.append((labels.End(line.role, "", int(levels[there[-1]]), float(y[there[-1]])), [i]))
    closeness = 0.01
    met = _met(ends, closeness, y_range, log=log)
    while len(met) > _LABELS:
        closeness *= 2
        met = _met(ends, closeness, y_range, log=log)
    return labels.annotations([end._replace(text=_together(lines, these)) for end, these in met], y_range, log_y=log)


def _met(
    ends: Sequence[tuple[labels.End, list[int]]], closeness: float, y_range: tuple[float, float], *, log: bool
) -> list[tuple[labels.End, list[int]]]:
    """Return ends of one role and level that lie within that share of the axis, as one."""
    met: list[tuple[labels.End, list[int]]] = []
    for end, these in ends:
        for other, others in met:
            apart = abs(math.log10(end.y / other.y) if log else end.y - other.y) / (y_range[1] - y_range[0])
            if (end.role, end.x) == (other.role, other.x) and apart <= closeness:
                others.extend(these)
                break
        else:
            met.append((end, list(these)))
    return met


def _together(lines: Sequence[Line], these: Sequence[int]) -> str:
    """Return one label of several lines, by their places: "3rd, 5th", "conv1 … conv6".

    A range leaves out no line between.
    """
    names = [lines[i].label for i in these]
    between = these[-1] - these[0] + 1 == len(these)
    if (len(names) < 3 or not between) and len(text := ", ".join(names)) <= _LETTERS:
        return text
    # The end of a long name is more specific than its beginning, as in "layer1.0.conv2".
    room = _LETTERS if len(names) == 1 else (_LETTERS - 3) // 2
    short = [name if len(name) <= room else "…" + name[1 - room :] for name in names]
    if len(short) == 1:
        return short[0]
    return f"{short[0]} … {short[-1]}" if between else f"{short[0]} + {len(short) - 1} more"


def log_scale(share: Floats) -> LogScale:
    """Return a scale of percent that holds every share above 0, with a floor for those of 0 where there are any."""
    positive = share[share > 0]
    lowest = math.floor(math.log10(100 * (float(positive.min()) if len(positive) else 0.01)) * 2 - 0.1) / 2
    empty = bool((share == 0).any())
    low = lowest - 0.5 if empty else lowest
    return LogScale((low, 2.08), 10 ** (low + 0.12) if empty else 10**low, empty)


def empty_note(scale: LogScale) -> str:
    """Return what the crosses at the floor are, for the foot; "" where there is none."""
    return " · × at the foot: no weight is kept" if scale.empty else ""


def log_axis(title: str, scale: LogScale) -> dict[str, Any]:
    """Return a log axis of percent; where shares of 0 are drawn, its floor is labelled 0."""
    ticks = [10.0**e for e in range(math.ceil(scale.range[0] + 0.3 * scale.empty), 3)]
    text = [words.brief(tick) for tick in ticks]
    if scale.empty:
        ticks, text = [scale.floor, *ticks], ["0", *text]
    return axis(title, type="log", range=list(scale.range), tickvals=ticks, ticktext=text)


def level_axis(planned_levels: int) -> dict[str, Any]:
    """Return the axis of levels, as long as the run will be."""
    return axis("level", range=[-0.2, planned_levels + 0.2], tickformat="d", tick0=0,
                dtick=max(1, round(planned_levels / 8)), unifiedhovertitle={"text": "level %{x}"})  # fmt: skip


def foot(share: Floats, spread: str = "band") -> str:
    """Return what n is and what the `spread` that is drawn is, from shares (..., n_levels, n_replicates)."""
    n = np.isfinite(share).sum(axis=-1).ravel()
    if not n.any():
        return "n = 0"
    if n.max() == 1:
        return "n = 1 replicate: no spread"
    return f"n = {words.by_level(n.tolist())}, mean · {spread} = min to max where they differ"
