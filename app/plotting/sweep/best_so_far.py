"""The objective of each run of a sweep in their order, and the best so far."""

from typing import Any

import numpy as np
import plotly.graph_objects as go

from app.plotting.style import LOOKS, SOFT, axis, figure
from app.plotting.sweep.data import SweepData, SweepEntry
from app.plotting.words import Part

BEST = "compared_1"
_FEW = 10
"""Runs below which the axis has a tick for each: there is no half of a run."""


def best(data: SweepData) -> list[float]:
    """Return the best objective up to each member."""
    bests: list[float] = []
    for value in data.values:
        bests.append(value if not bests or data.looked.better(value, bests[-1]) else bests[-1])
    return bests


def finding(data: SweepData) -> list[Part]:
    """Return the best run, its values, and after how many runs it was found."""
    place = data.best
    if place is None:
        return [Part(data.nothing)]
    value, member = data.values[place], data.members[place]
    so_far = " so far" if data.live else ""
    return [
        Part(f"Best{so_far}: "), Part(data.looked.text(value), BEST),
        Part(f" with {data.said(member)}, run {member.position + 1} of {data.started}."),
    ]  # fmt: skip


def draw(data: SweepData, _field: str = "") -> go.Figure:
    """Return the figure: a point for each run, and a line for the best so far."""
    scale, x = data.looked.scale, [member.position + 1 for member in data.members]
    y = scale * np.array(data.values)
    traces: list[dict[str, Any]] = []
    if len(x):
        text = [f"{data.looked.text(value)}<br>{data.said(member)}"
                for value, member in zip(data.values, data.members, strict=True)]  # fmt: skip
        traces = [
            {"type": "scatter", "mode": "markers", "name": "run", "x": x, "y": y, "text": text,
             "hovertemplate": "run %{x}: %{text}<extra></extra>",
             "marker": {"symbol": "circle", "color": LOOKS[SOFT].color, "size": 6, "opacity": 0.7},
             "meta": {"role": SOFT, "part": "run"}},
            {"type": "scatter", "mode": "lines", "name": "best so far", "x": x, "y": scale * np.array(best(data)),
             "hoverinfo": "skip", "line": {"shape": "hv", "color": LOOKS[BEST].color, "width": 2},
             "meta": {"role": BEST, "part": "best"}},
        ]  # fmt: skip
    return figure(
        traces,
        title="Best so far",
        finding=finding(data),
        foot=f"{data.n_text} · dot = one run, in the order in which they were started · line = best up to there",
        n=len(x),
        xaxis=axis("run of the sweep", range=[0, max(data.started, 1) + 1], dtick=1 if data.started < _FEW else None),
        yaxis=axis(data.looked.axis, showticklabels=bool(traces)),
        hovermode="closest",
    )


def table(data: SweepData, _field: str = "") -> dict[str, list[Any]]:
    """Return a row per run that ended with a value."""
    return {
        "run": [member.run or "" for member in data.members],
        "position": [member.position for member in data.members],
        "objective": list(data.values),
        "best_so_far": best(data),
    }


ENTRY = SweepEntry("best_so_far", "Best so far", "How soon was the best run found, and does it still improve?",
                   draw, table)  # fmt: skip
