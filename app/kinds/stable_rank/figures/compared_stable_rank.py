"""Stable rank of updates against width, of several runs or groups of them, at one batch size."""

import math
from typing import Any

import numpy as np
import plotly.graph_objects as go

from app.contract.words import plural
from app.kinds.stable_rank.figures.compared_rank_data import ComparedRankInfo, ComparedRankOptions, info
from app.plotting import labels, mean_lines, spread, words
from app.plotting.compared import LABELS, LINES, ComparedEntry, Said, plain, shorts
from app.plotting.labels import End
from app.plotting.mean_lines import MeanLine
from app.plotting.style import LOOKS, SOFT, axis, figure
from app.plotting.words import Part

_CITED = 12
"""Lines that the sentence cites."""
_FAR = 4.0
"""Ranks whose largest is at least so many times the least are on a logarithmic axis."""


def finding(info: ComparedRankInfo) -> list[Part]:
    """Return the means at the widest network that most lines have, the highest first, with spread and n."""
    there = []
    for line in info.lines:
        values = line.values[line.widths == info.at]
        if np.isfinite(values).any():
            there.append((float(np.nanmean(values)), line, values[0]))
    if not there:
        return [Part("The first point appears with the first gradient." if info.live
                     else "Nothing to show: no gradient was taken.")]  # fmt: skip
    parts = [Part(f"At width {words.count(info.at)}, with batches of {words.count(info.size)}: ")]
    there.sort(key=lambda pair: -pair[0])
    for place, (_, line, values) in enumerate(there[:_CITED]):
        parts += [Part(f"{', ' if place else ''}{line.name} "), Part(spread.mean_text(values, 1), line.role),
                  Part(f" (n = {int(np.isfinite(values).sum())})")]  # fmt: skip
    others = there[_CITED:]
    if others:
        parts.append(Part(f", {plural(len(others), 'other')} from {others[0][0]:.1f} down to {others[-1][0]:.1f}"))
    cap = min(info.at, info.size)
    parts.append(Part(f"; no update of that batch could exceed {words.count(cap)}."))
    if info.left_out:
        parts.append(Part(f" {plural(info.left_out, 'run')} without batches of that size left out."))
    return parts


def said(info: ComparedRankInfo) -> Said:
    """Return the words of the figure: what n, line and band are."""
    counts = [np.isfinite(line.values).sum(axis=1) for line in info.lines]
    n = np.concatenate(counts) if counts else np.zeros(0, np.int64)
    band = "band = min to max" if len(info.lines) <= LINES else f"bands left out of more than {LINES} lines"
    notes = [spread.n_text(n, band)]
    if n.any():
        if any(line.runs > 1 for line in info.lines):
            notes.append("runs of one seed are averaged")
        notes.append("stable rank = ‖·‖F² / ‖·‖₂² of the middle matrix's first update")
        if info.update == "dualised":
            notes.append("dotted: the cap, the smaller of width and batch")
    notes.append(plural(info.runs, "run"))
    what = "dualised updates" if info.update == "dualised" else "gradients"
    title = f"Stable rank of {what} against width"
    title += f", batches of {words.count(info.size)}" if info.size else ""
    return Said(title, finding(info), " · ".join(notes), blank=not n.any())


def draw(info: ComparedRankInfo) -> go.Figure:
    """Draw the figure: a line for each group, and of dualised updates the cap.

    Ranks far apart on a logarithmic axis.
    """
    names = shorts(line.name for line in info.lines)
    widths = sorted({width for line in info.lines for width in line.widths.tolist()})
    ranks = np.concatenate([np.zeros(0), *(line.values.ravel() for line in info.lines)])
    ranks = ranks[np.isfinite(ranks)]
    capped = info.update == "dualised" and len(ranks)
    cap = [float(min(width, info.size)) for width in widths] if capped else []
    every = np.concatenate([ranks, cap])
    low, high = (float(every.min()), float(every.max())) if len(every) else (1.0, 2.0)
    log_y = high >= _FAR * low
    y_range = (math.log10(low) - 0.06, math.log10(high) + 0.08) if log_y else _room(low, high)
    data: list[dict[str, Any]] = []
    ends: list[End | None] = []
    if cap:
        data.append(
            {
                "type": "scatter", "mode": "lines", "name": "cap", "x": widths, "y": cap, "hoverinfo": "skip",
                "line": {"color": LOOKS[SOFT].color, "width": 1.2, "dash": "dot"},
                "meta": {"role": SOFT, "part": "reference"},
            }
        )  # fmt: skip
        ends.append(End(SOFT, f"cap {words.count(cap[-1])}", float(widths[-1]), cap[-1]))
    for line in reversed(info.lines):
        mean = MeanLine(line.role, line.name, line.widths.astype(np.float64), line.values, [""] * len(line.widths),
                        ".1f")  # fmt: skip
        traces = mean_lines.traces(mean, band=len(info.lines) <= LINES, log_y=log_y)
        data += [plain(trace, len(info.lines)) for trace in traces]
        ends.append(mean_lines.end(mean, names[line.name]))
    named = len(info.lines) <= LABELS
    ticks = widths if 0 < len(widths) <= 12 else None
    return figure(
        data,
        **said(info).layout,
        n=max((int(np.isfinite(line.values).sum(axis=1).max(initial=0)) for line in info.lines), default=0),
        xaxis=axis("width (units)", type="log", tickvals=ticks,
                   ticktext=None if ticks is None else [words.count(width) for width in ticks],
                   range=[math.log10(widths[0]) - 0.05, math.log10(widths[-1]) + 0.05] if widths else [1.0, 3.0],
                   unifiedhovertitle={"text": "width %{x:,d}"}),
        yaxis=mean_lines.log_axis("stable rank", y_range) if log_y else axis("stable rank", range=list(y_range)),
        annotations=mean_lines.annotations(ends, y_range, log_x=True, log_y=log_y) if named else (),
        right=labels.margin([*names.values(), "cap 1,024"]) if named else 16,
        hovermode="x unified" if named else "closest",
    )  # fmt: skip


def _room(low: float, high: float) -> tuple[float, float]:
    room = max(0.08 * (high - low), 0.02 * high)
    return low - room, high + room


def table(info: ComparedRankInfo) -> dict[str, list[Any]]:
    """Return a row for each line, width and seed of its runs: these are its replicates, numbered from 0."""
    names = ("group", "runs", "update", "batch_size", "width", "replicate", "stable_rank", "cap")
    columns: dict[str, list[Any]] = {name: [] for name in names}
    for line in info.lines:
        for i, j in np.argwhere(np.isfinite(line.values)).tolist():
            row = (line.name, line.runs, info.update, info.size, int(line.widths[i]), j, float(line.values[i, j]),
                   min(int(line.widths[i]), info.size))  # fmt: skip
            for column, cell in zip(columns.values(), row, strict=True):
                column.append(cell)
    return columns


ENTRY = ComparedEntry(
    "compared_stable_rank",
    "Stable rank of updates against width",
    "In which of these runs does a step move along more directions?",
    ("stable_rank",),
    ComparedRankOptions,
    info,
    said,
    draw,
    table,
)
