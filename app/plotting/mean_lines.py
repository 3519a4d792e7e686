"""Lines of means over replicates, with a band from least to most and what is behind each point in its hover."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.plotting import labels, words
from app.plotting.density_curves import rgba
from app.plotting.replicates import mean
from app.plotting.style import LOOKS, axis, note

Floats = NDArray[np.float64]
# Names closer than this share of the x axis must not have the same height; a line of text is that share of the y axis.
_NEAR, _LINE = 0.2, 0.075


class MeanLine(NamedTuple):
    """`values` is (n_points, n_replicates) at `x`, NaN where there is none; `at` names each point in the hover.

    `form` (empty: three significant digits) and `unit` write a value; `alpha` in [0, 1] distinguishes lines of one
    role.
    """

    role: str
    name: str
    x: Floats
    values: Floats
    at: Sequence[str]
    form: str
    unit: str = ""
    alpha: float = 1.0
    dash: str = ""
    width: float = 2.0
    marked: bool = True
    part: str = "mean"


def traces(line: MeanLine, *, band: bool = True, log_y: bool = False) -> list[dict[str, Any]]:
    """Return the band, if replicates differ, and the mean; points without a value are left out."""
    n = np.isfinite(line.values).sum(axis=1)
    there = n > 0
    values, n, x = line.values[there], n[there], line.x[there]
    if not len(x):
        return []
    middle, low, high = mean(values), np.nanmin(values, axis=1), np.nanmax(values, axis=1)
    if log_y:
        middle, low, high = (np.where(item > 0, item, np.nan) for item in (middle, low, high))
    look = LOOKS[line.role]
    out: list[dict[str, Any]] = []
    if band and (high > low).any():
        edge = {
            "type": "scatter", "mode": "lines", "x": x, "line": {"width": 0}, "hoverinfo": "skip",
            "meta": {"role": line.role, "part": "band"},
        }  # fmt: skip
        out.append({**edge, "y": low})
        out.append({**edge, "y": high, "fill": "tonexty", "fillcolor": rgba(look.color, 0.12)})
    at = [where for where, here in zip(line.at, there, strict=True) if here]
    text = [_written(line, *item) for item in zip(at, middle, low, high, n, strict=True)]
    color = look.color if line.alpha == 1 else rgba(look.color, line.alpha)
    trace = {
        "type": "scatter", "mode": "lines+markers" if line.marked else "lines", "name": line.name, "x": x, "y": middle,
        "text": text, "hovertemplate": "%{text}",
        "line": {"color": color, "width": line.width, "dash": line.dash or look.dash},
        "meta": {"role": line.role, "part": line.part},
    }  # fmt: skip
    if line.marked:
        trace["marker"] = {"symbol": look.symbol, "color": color, "size": 6.5}
    return [*out, trace]


def _written(line: MeanLine, at: str, middle: float, low: float, high: float, n: int) -> str:
    def one(value: float) -> str:
        return f"{value:{line.form}}".replace("-", "−") if line.form else words.significant(value)

    value = f"{one(middle)}{line.unit}"
    if n > 1:
        value += f"  ({one(low)} to {one(high)}, n = {n})"
    return f"{at}{': ' if at else ''}{value}"


def end(line: MeanLine, text: str) -> labels.End | None:
    """Return where the mean ends; None for a line without a value."""
    there = np.flatnonzero(np.isfinite(line.values).any(axis=1))
    if not len(there):
        return None
    return labels.End(line.role, text, float(line.x[there[-1]]), float(mean(line.values)[there[-1]]))


def annotations(
    ends: Sequence[labels.End | None], y_range: tuple[float, float], *, log_x: bool = False, log_y: bool = False,
    gap: float = labels.GAP, descending: bool = False,
) -> list[dict[str, Any]]:  # fmt: skip
    """Return labels right of the last end, moved apart.

    Lines without an end, or without one on a log axis, have none.
    """
    there = [end for end in ends if end is not None and (end.y > 0 or not log_y)]
    return labels.annotations(there, y_range, log_x=log_x, log_y=log_y, gap=gap, descending=descending)


def at_edge(ends: Sequence[labels.End | None], edge: float, share: float, span: float) -> list[labels.End | None]:
    """Return ends of a log axis within `share` of its `span` (in powers of ten) from `edge`, moved to that: there is
    room.
    """
    return [
        end._replace(x=edge) if end is not None and math.log10(edge / end.x) < share * span else end for end in ends
    ]


def above(
    ends: Sequence[labels.End], x_range: tuple[float, float], y_range: tuple[float, float], *, log_x: bool = False
) -> list[dict[str, Any]]:
    """Return names above points inside the plot; those near one another are moved up, as far as there is room.

    The page, which knows the plot's size, moves them to where they cover nothing.
    """
    low, high = y_range
    places = [math.log10(end.x) if log_x else end.x for end in ends]
    groups: list[list[int]] = []
    for i in sorted(range(len(ends)), key=lambda i: places[i]):
        if groups and places[i] - places[groups[-1][-1]] < _NEAR * (x_range[1] - x_range[0]):
            groups[-1].append(i)
        else:
            groups.append([i])
    out = []
    for group in groups:
        group.sort(key=lambda i: ends[i].y)
        shares = [(ends[i].y - low) / (high - low) for i in group]
        for k in range(1, len(shares)):
            shares[k] = max(shares[k], shares[k - 1] + _LINE)
        for i, k, share in zip(group, range(len(group)), shares, strict=True):
            share = min(share, 1 - (len(group) - k) * _LINE)
            out.append(note(ends[i].text, role=ends[i].role, x=places[i], y=low + share * (high - low),
                            xanchor="center", yanchor="bottom", yshift=7, bgcolor="rgba(255,255,255,0.7)",
                            place={"x": places[i], "y": ends[i].y}))  # fmt: skip
    return out


def log_axis(title: str, span: tuple[float, float], **more: Any) -> dict[str, Any]:
    """Return a log axis over powers of ten `span`, with ticks there and, where they are few, at 2 and 5 times them."""
    low, high = span
    steps = (1, 2, 5) if high - low < 2.2 else (1,)
    every = 1 if high - low < 9 else 2
    powers = range(math.floor(low), math.ceil(high) + 1, every)
    ticks = [step * 10.0**power for power in powers for step in steps if low <= math.log10(step) + power <= high]
    return axis(
        title, type="log", range=[low, high], tickvals=ticks, ticktext=[words.brief(tick) for tick in ticks], **more
    )


def log_range(values: Floats) -> tuple[float, float]:
    """Return range of a log axis, as plotly has it, that holds every value above 0 with some room."""
    positive = values[np.isfinite(values) & (values > 0)]
    if not len(positive):
        return -3.0, 1.0
    low, high = np.log10(positive.min()), np.log10(positive.max())
    room = max(0.06 * (high - low), 0.05)
    return float(low - room), float(high + room)
