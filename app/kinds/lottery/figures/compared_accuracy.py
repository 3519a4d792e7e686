"""Accuracy of winning tickets against density, of several runs or groups of them."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go

from app.contract.words import plural
from app.plotting import labels, words
from app.plotting.accuracy_axis import accuracy_range
from app.plotting.compared import LABELS, LINES, ComparedEntry, ComparedSource, Said, plain, shorts, tickets
from app.plotting.density_axis import density_axis
from app.plotting.density_curves import FOOT_AXIS, diverged_traces, traces
from app.plotting.replicates import Curve
from app.plotting.source import Options
from app.plotting.style import axis, figure
from app.plotting.words import Part

_SAID = 12
"""Lines that the sentence cites."""


class ComparedInfo(NamedTuple):
    """Curves with accuracies in [0, 1] and their names: one per group, or more where densities differ within it.

    `members` counts the runs of each curve, `runs` all of them; `at` is the density where most curves can be compared,
    or NaN.
    """

    names: tuple[str, ...]
    members: tuple[int, ...]
    runs: int
    curves: tuple[Curve, ...]
    at: float
    live: bool


def info(source: ComparedSource[Options]) -> ComparedInfo:
    """Return the data of the figure, from the series `outcome` of each run."""
    named = [(group.name, ticket) for group in source.groups for ticket in tickets(group, "test_accuracy")]
    curves = tuple(pool.curve for _, pool in named)
    names, members = tuple(name for name, _ in named), tuple(pool.runs for _, pool in named)
    return ComparedInfo(names, members, len(source.runs), curves, _shared(curves), source.live)


def _shared(curves: Sequence[Curve]) -> float:
    """Return the sparsest of the densities below 1 at which most groups have a mean.

    NaN where no two of several have one.
    """
    counts: dict[float, int] = {}
    for curve in curves:
        for density, n in zip(curve.density.tolist(), curve.n.tolist(), strict=True):
            if n and density < 1:
                counts[density] = counts.get(density, 0) + 1
    most = max(counts.values(), default=0)
    if most < 2 and sum(bool(curve.n.any()) for curve in curves) > 1:
        return math.nan
    return min((density for density, count in counts.items() if count == most), default=math.nan)


def finding(info: ComparedInfo) -> list[Part]:
    """Return the means at the density that most groups share, the highest first, with the number of replicates of each.

    Where no two share one, each is at its sparsest.
    """
    there = []
    apart = math.isnan(info.at)
    for name, members, drawn in zip(info.names, info.members, info.curves, strict=True):
        rows = np.flatnonzero((drawn.n > 0) & (apart | (drawn.density == info.at)))
        if len(rows):
            row = rows[-1]
            at = f"at {words.density(float(drawn.density[row]))}, " if apart else ""
            there.append((float(drawn.mean[row]), name, drawn.control, f"{at}{_who(int(drawn.n[row]), members)}"))
    if not there:
        return [Part(f"No ticket of these runs has a test accuracy{' yet' if info.live else ''}.")]
    begin = f"At {words.density(info.at)} of the weights: "
    if apart:
        begin = "No two lines have a pruned density in common; each at its sparsest: " if len(there) > 1 else ""
    parts = [Part(begin)] if begin else []
    shown = sorted(there, reverse=True)
    for i, (mean, name, role, who) in enumerate(shown[:_SAID]):
        parts += [Part(f"{', ' if i else ''}{name} "), Part(words.accuracy(mean), role), Part(f" ({who})")]
    if len(shown) > _SAID:
        low, high = words.accuracy(shown[-1][0]), words.accuracy(shown[_SAID][0])
        parts.append(Part(f", {plural(len(shown) - _SAID, 'other')} from {high} down to {low}"))
    parts.append(Part(". Still running." if info.live else "."))
    return parts


def _who(n: int, runs: int) -> str:
    return f"n = {n}" if runs == 1 else f"n = {plural(n, 'replicate')} of {runs} runs"


def said(info: ComparedInfo) -> Said:
    """Return the words of the figure: what n, line and band are."""
    n = max((int(drawn.n.max(initial=0)) for drawn in info.curves), default=0)
    counts = [int(count) for drawn in info.curves for count in drawn.n if count]
    pooled = " of all runs of a line" if max(info.members, default=0) > 1 else ""
    spread = f"line = mean, band = min to max over the replicates{pooled}" if n > 1 else "one replicate each: no spread"
    if n > 1 and len(info.curves) > LINES:
        spread = f"line = mean over the replicates{pooled}, bands left out of more than {LINES} lines"
    foot = f"n = {words.by_level(counts)} · {spread} · {plural(info.runs, 'run')}" if counts else "n = 0"
    return Said("Accuracy of winning tickets against density", finding(info), foot, blank=not counts)


def draw(info: ComparedInfo) -> go.Figure:
    """Draw the figure: a line with its band for each group, named where it ends."""
    shown = shorts(info.names)
    finite = [100 * drawn.values[np.isfinite(drawn.values)] for drawn in info.curves]
    y_range = accuracy_range(np.concatenate(finite) if finite else np.zeros(0))
    data: list[dict[str, Any]] = []
    ends: list[labels.End] = []
    for name, drawn in zip(reversed(info.names), reversed(info.curves), strict=True):
        mine = [
            {**trace, "name": name} if "name" in trace else trace for trace in traces(drawn, scale=100, hover=".1f| %")
        ]
        data += mine if len(info.curves) <= LINES else [plain(item, len(info.curves)) for item in mine[-1:]]
        there = np.flatnonzero(drawn.n > 0)
        if len(there):
            last = there[-1]
            x, y = 100 * float(drawn.density[last]), 100 * float(drawn.mean[last])
            ends.append(labels.End(drawn.control, shown[name], x, y))
    data += diverged_traces(info.curves)
    lowest = min((float(density) for drawn in info.curves for density in drawn.density if density > 0), default=0.5)
    named = len(ends) <= LABELS
    return figure(
        data,
        **said(info).layout,
        n=max((int(drawn.n.max(initial=0)) for drawn in info.curves), default=0),
        xaxis=density_axis(min(lowest, 0.5)),
        yaxis=axis("test accuracy (%)", range=list(y_range)),
        yaxis2=FOOT_AXIS,
        annotations=labels.annotations(ends, y_range, log_x=True, descending=True) if named else (),
        right=labels.margin(list(shown.values())) if named else 16,
        hovermode="x unified" if named else "closest",
    )


def table(info: ComparedInfo) -> dict[str, list[Any]]:
    """Return a row per group, density and replicate of its `runs` runs; accuracy in [0, 1]."""
    columns: dict[str, list[Any]] = {"group": [], "runs": [], "density": [], "replicate": [], "accuracy": []}
    for name, runs, drawn in zip(info.names, info.members, info.curves, strict=True):
        for density, row in zip(drawn.density.tolist(), drawn.values.tolist(), strict=True):
            for replicate, value in enumerate(row):
                if math.isfinite(value):
                    for column, cell in zip(columns.values(), (name, runs, density, replicate, value), strict=True):
                        column.append(cell)
    return columns


ENTRY = ComparedEntry(
    "compared_accuracy",
    "Accuracy of winning tickets against density",
    "Which of these runs finds the better tickets?",
    ("outcome",),
    Options,
    info,
    said,
    draw,
    table,
)
