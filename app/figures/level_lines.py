"""Lines by level in percent: mean and band over replicates, told apart by dash and marker, named where they end."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.contract.events import WINNING_TICKET
from app.figures import labels, words
from app.figures.density_curves import joined, rgba
from app.figures.style import LOOKS, SOFT, axis

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DASHES = ("solid", "6px,3px", "2px,2.5px", "10px,3px,2px,3px")
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "triangle-down", "cross", "pentagon", "hexagon", "star")
MARGIN = labels.margin(["conv1 … conv6"])
# Labels at the ends: as many as have room, and none wider than the margin.
_LABELS = 12
_LETTERS = 14
# More lines than this are a crowd: nobody tells them apart, and a hover would list them all.
_DISTINCT = 24


class Line(NamedTuple):
    """`share` is (n_levels, n_replicates) in [0, 1], NaN where there is none; without `symbol` it has no markers."""

    name: str
    label: str
    share: Floats
    dash: str
    symbol: str = ""
    role: str = WINNING_TICKET


def of_layers(names: Sequence[str], shares: Floats) -> list[Line]:
    """A line for each layer, from (n_layers, n_levels, n_replicates): layers share the ticket's colour."""
    return [
        Line(name, name, share, DASHES[i % len(DASHES)], SYMBOLS[i % len(SYMBOLS)])
        for i, (name, share) in enumerate(zip(names, shares, strict=True))
    ]


def of_all(share: Floats) -> Line:
    """The dotted line of all layers together."""
    return Line("all layers", "all", share, LOOKS[SOFT].dash, role=SOFT)


def mean(values: Floats) -> Floats:
    """Mean over the last axis, NaN left out."""
    n = np.isfinite(values).sum(axis=-1)
    sums = np.where(np.isfinite(values), values, 0.0).sum(axis=-1)
    means: Floats = np.divide(sums, n, out=np.full(sums.shape, np.nan), where=n > 0)
    return means


def told(share: Floats) -> int:
    """The last level that the most replicates have reached, as an index into (n_levels, n_replicates)."""
    n = np.isfinite(share).sum(axis=1)
    return int(np.flatnonzero(n == n.max())[-1])


def crowd(levels: Ints, lines: Sequence[Line], *, log: bool) -> list[dict[str, Any]]:
    """Traces of layers: of each its own, or of more than can be told apart thin lines in one, without hover."""
    if len(lines) <= _DISTINCT:
        return [trace for line in lines for trace in traces(levels, line, log=log)]
    means = 100 * np.stack([mean(line.share) for line in lines], axis=1)
    x, y = joined(levels.astype(np.float64), np.where(means > 0, means, np.nan) if log else means)
    return [
        {
            "type": "scatter", "mode": "lines", "name": "layers", "x": x, "y": y, "hoverinfo": "skip", "opacity": 0.5,
            "line": {"color": LOOKS[WINNING_TICKET].color, "width": 0.8},
            "meta": {"role": WINNING_TICKET, "part": "mean"},
        }
    ]  # fmt: skip


def traces(levels: Ints, line: Line, *, log: bool) -> list[dict[str, Any]]:
    """A band where replicates differ, and the mean; a share of 0 has no place on a log axis and leaves a gap there."""
    x, y, color = levels.astype(np.int32), 100 * mean(line.share), LOOKS[line.role].color
    low = 100 * np.fmin.reduce(line.share, axis=1, initial=np.nan)
    high = 100 * np.fmax.reduce(line.share, axis=1, initial=np.nan)
    out: list[dict[str, Any]] = []
    if np.nanmax(high - low, initial=0) > 0.01:
        edge = {"type": "scatter", "mode": "lines", "x": x, "line": {"width": 0}, "hoverinfo": "skip",
                "meta": {"role": line.role, "part": "band"}}  # fmt: skip
        # From 0 a band on a log axis reaches down to the edge of the plot.
        out.append({**edge, "y": np.where(high > 0, np.maximum(low, 1e-12), np.nan) if log else low})
        out.append({**edge, "y": np.where(high > 0, high, np.nan) if log else high,
                    "fill": "tonexty", "fillcolor": rgba(color, 0.13)})  # fmt: skip
    marked = bool(line.symbol)
    trace = {
        "type": "scatter", "mode": "lines+markers" if marked else "lines", "name": line.name, "x": x,
        "y": np.where(y > 0, y, np.nan) if log else y,
        "line": {"color": color, "width": 1.8 if marked else 1.5, "dash": line.dash},
        "hovertemplate": "%{y:.3~g} %", "meta": {"role": line.role, "part": "mean"},
    }  # fmt: skip
    if marked:
        trace["marker"] = {"symbol": line.symbol, "color": color, "size": 6}
    return [*out, trace]


def names(levels: Ints, lines: Sequence[Line], y_range: tuple[float, float], *, log: bool) -> list[dict[str, Any]]:
    """A label where each line ends; lines that end at the same point, or too close for as many labels, share one."""
    ends: list[tuple[labels.End, list[str]]] = []
    for line in lines:
        y = 100 * mean(line.share)
        there = np.flatnonzero(y > 0 if log else np.isfinite(y))
        if len(there):
            ends.append((labels.End(line.role, "", int(levels[there[-1]]), float(y[there[-1]])), [line.label]))
    closeness = 0.01
    met = _met(ends, closeness, y_range, log=log)
    while len(met) > _LABELS:
        closeness *= 2
        met = _met(ends, closeness, y_range, log=log)
    return labels.annotations([end._replace(text=_together(these)) for end, these in met], y_range, log_y=log)


def _met(
    ends: Sequence[tuple[labels.End, list[str]]], closeness: float, y_range: tuple[float, float], *, log: bool
) -> list[tuple[labels.End, list[str]]]:
    """Ends of one role and level that lie within that share of the axis, as one."""
    met: list[tuple[labels.End, list[str]]] = []
    for end, names in ends:
        for other, others in met:
            apart = abs(math.log10(end.y / other.y) if log else end.y - other.y) / (y_range[1] - y_range[0])
            if (end.role, end.x) == (other.role, other.x) and apart <= closeness:
                others.extend(names)
                break
        else:
            met.append((end, list(names)))
    return met


def _together(names: Sequence[str]) -> str:
    if len(names) < 3 and len(text := ", ".join(names)) <= _LETTERS:
        return text
    # The end of a long name tells more than its beginning, as in "layer1.0.conv2".
    room = _LETTERS if len(names) == 1 else (_LETTERS - 3) // 2
    short = [name if len(name) <= room else "…" + name[1 - room :] for name in names]
    return short[0] if len(short) == 1 else f"{short[0]} … {short[-1]}"


def log_range(share: Floats) -> tuple[float, float]:
    """Range of a log axis of percent, as plotly has it, that holds every share above 0."""
    positive = share[share > 0]
    lowest = float(positive.min()) if len(positive) else 0.01
    return math.floor(math.log10(100 * lowest) * 2 - 0.1) / 2, 2.08


def log_axis(title: str, y_range: tuple[float, float]) -> dict[str, Any]:
    """A log axis of percent."""
    ticks = [10.0**e for e in range(math.ceil(y_range[0]), 3)]
    return axis(title, type="log", range=list(y_range), tickvals=ticks, ticktext=[f"{tick:g}" for tick in ticks])


def level_axis(planned_levels: int) -> dict[str, Any]:
    """The axis of levels, as long as the run will be."""
    return axis("level", range=[-0.2, planned_levels + 0.2], tickformat="d", tick0=0,
                dtick=max(1, round(planned_levels / 8)), unifiedhovertitle={"text": "level %{x}"})  # fmt: skip


def foot(share: Floats) -> str:
    """What n is and what the band is, from shares (n_levels, n_replicates)."""
    n = np.isfinite(share).sum(axis=1)
    if not n.any():
        return "n = 0 so far"
    least, most = int(n[n > 0].min()), int(n.max())
    if most == 1:
        return "n = 1 replicate: no spread"
    many = words.plural(most, "replicate") if least == most else f"{least} to {most} replicates by level"
    return f"n = {many}, mean · band = min to max where they differ"
