"""A control against density: a thin line per replicate, the mean with markers, a band from least to most."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.contract.events import WINNING_TICKET
from app.plotting import collapse, words
from app.plotting.collapse import Collapses
from app.plotting.replicates import Curve
from app.plotting.style import LOOKS, SOFT, note


def rgba(color: str, alpha: float) -> str:
    """Return #rrggbb with an opacity."""
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha})"


def joined(x: NDArray[np.float64], lines: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return lines over the same x, (n_points, n_lines), as one line with gaps: one trace draws them all."""
    n_points, n_lines = lines.shape
    gapped = np.full((n_lines, n_points + 1), np.nan)
    gapped[:, :-1] = lines.T
    return np.tile(np.append(x, np.nan), n_lines), gapped.ravel()


def traces(
    curve: Curve, *, scale: float, hover: str, open_markers: NDArray[np.bool_] | None = None
) -> list[dict[str, Any]]:
    """Return traces of one control, values multiplied by `scale`; `hover` formats one value, as in ".1f" with its unit.

    `open_markers` has one entry per level. Levels without a finite value are left out.
    """
    look = LOOKS[curve.control]
    there = curve.n > 0
    x, mean, n = 100 * curve.density[there], scale * curve.mean[there], curve.n[there]
    low, high = scale * curve.low[there], scale * curve.high[there]
    open_here = np.zeros(len(x), bool) if open_markers is None else open_markers[there]
    out: list[dict[str, Any]] = []
    line = {"type": "scatter", "mode": "lines", "hoverinfo": "skip"}
    if len(x) and n.max() > 1:
        meta = {"role": curve.control, "part": "band"}
        edge = {**line, "x": x, "line": {"width": 0}, "meta": meta}
        fill = rgba(look.color, 0.13)
        out.append({**edge, "y": low})
        out.append({**edge, "y": high, "fill": "tonexty", "fillcolor": fill})
        thin_x, thin_y = joined(x, scale * curve.values[there])
        out.append(
            {
                **line,
                "x": thin_x,
                "y": thin_y,
                "opacity": 0.4,
                "line": {"color": look.color, "width": 0.8},
                "meta": {"role": curve.control, "part": "replicate"},
            }
        )
    if len(x):
        form, unit = hover.split("|")
        text = [
            f"{m:{form}}{unit}" if k == 1 else f"{m:{form}}{unit}  ({a:{form}} to {b:{form}}, n = {k})"
            for m, a, b, k in zip(mean, low, high, n, strict=True)
        ]
        out.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": look.label,
                "x": x,
                "y": mean,
                "text": text,
                "customdata": curve.levels[there],
                "hovertemplate": "%{text}",
                "line": {"color": look.color, "width": 2, "dash": look.dash},
                "marker": {
                    "symbol": [f"{look.symbol}-open" if hollow else look.symbol for hollow in open_here],
                    "color": look.color,
                    "size": 6.5,
                    "opacity": 1,
                },
                "meta": {"role": curve.control, "part": "mean"},
            }
        )
    return out


def diverged_traces(curves: tuple[Curve, ...]) -> list[dict[str, Any]]:
    """Return an × at the foot of the plot for each level of a control with diverged trainings.

    Needs the layout's y axis 2.
    """
    out: list[dict[str, Any]] = []
    for curve in curves:
        lost = curve.diverged > 0
        if lost.any():
            look = LOOKS[curve.control]
            out.append(
                {
                    "type": "scatter",
                    "mode": "markers",
                    "name": look.label,
                    "yaxis": "y2",
                    "x": 100 * curve.density[lost],
                    "y": np.full(int(lost.sum()), 0.02 + 0.035 * len(out)),
                    "text": [f"{count} diverged" for count in curve.diverged[lost]],
                    "hovertemplate": "%{text}",
                    "cliponaxis": False,
                    "marker": {"symbol": "x-thin", "size": 8, "line": {"width": 1.8, "color": look.color}},
                    "meta": {"role": curve.control, "part": "diverged"},
                }
            )
    return out


def broken_at(curves: Sequence[Curve], collapses: Collapses) -> float:
    """Return the highest density in (0, 1] at which a winning ticket has collapsed, NaN where none has."""
    gone = [
        float(curve.density[curve.levels == level][0])
        for curve in curves
        for level in collapse.levels(collapses)
        if curve.control == WINNING_TICKET and level in curve.levels
    ]
    return max(gone, default=math.nan)


def collapse_marks(broken: float) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return a line, and its name along it, at the density where tickets collapse; neither for NaN."""
    if math.isnan(broken):
        return [], []
    line = {
        "type": "line", "xref": "x", "yref": "paper", "x0": 100 * broken, "x1": 100 * broken, "y0": 0, "y1": 1,
        "layer": "below", "name": SOFT, "line": {"color": LOOKS[SOFT].color, "width": 1, "dash": LOOKS[SOFT].dash},
    }  # fmt: skip
    name = note(
        "layer collapse", x=math.log10(100 * broken), xanchor="right", xshift=-2, yref="paper", y=0.88,
        yanchor="top", bgcolor="rgba(255,255,255,0.85)", textangle=-90,
    )  # fmt: skip
    return [line], [name]


FOOT_AXIS = {"overlaying": "y", "range": [0, 1], "fixedrange": True, "visible": False}
"""The layout's y axis 2: shares of the plot's height, for what has no value on the real axis."""


def replicates_note(curves: tuple[Curve, ...], draws: int) -> str:
    """Return what n is and what the band is, for the foot; `draws` is the most that a control has per replicate."""
    counts = np.concatenate([curve.n for curve in curves]) if curves else np.zeros(0, int)
    if not counts.any():
        return "n = 0"
    if counts.max() == 1:
        return "n = 1 replicate: no spread, no interval"
    averaged = f" · {draws} draws averaged within each replicate" if draws > 1 else ""
    return f"n = {words.by_level(counts.tolist())}, thin lines · band = min to max{averaged}"
