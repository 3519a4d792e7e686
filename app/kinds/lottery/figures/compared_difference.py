"""Accuracy of winning tickets minus that of a baseline, at the densities of both, with intervals."""

import math
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import plotly.graph_objects as go
from pydantic import Field

from app.contract.experiment import FieldError
from app.contract.words import plural
from app.kinds.lottery.figures.difference_words import MOST_SENTENCES, foot, sentence
from app.plotting import labels, words
from app.plotting.compared import LABELS, LINES, Cell, ComparedEntry, ComparedSource, Group, Said, Sheet, plain, shorts
from app.plotting.density_axis import density_axis
from app.plotting.density_curves import rgba
from app.plotting.differences import Against, Difference, against, sample
from app.plotting.intervals import BOUND, Terms
from app.plotting.source import Options
from app.plotting.style import DENSE, LOOKS, axis, figure
from app.plotting.words import Part, ending

ROWS = 24
"""Lines that the table under the figure has."""


class DifferenceOptions(Options):
    """`baseline` is a run whose line the others are compared with, the first where none is named.

    `bound` is the loss in points that still matches.
    """

    baseline: str = Field("", max_length=32)
    intervals: Literal["simultaneous", "pointwise"] = "simultaneous"
    bound: float = Field(100 * BOUND, ge=0, le=100)


class DifferenceInfo(NamedTuple):
    """Every other line against the line `baseline` of `runs` runs."""

    role: str
    baseline: str
    runs: int
    terms: Terms
    lines: tuple[Against, ...]
    live: bool


def info(source: ComparedSource[DifferenceOptions]) -> DifferenceInfo:
    """Return the data of the figure, from the series `outcome`.

    Raises FieldError for a baseline that is not compared.
    """
    options, groups = source.options, source.groups
    if not groups:
        return DifferenceInfo("", "", 0, Terms(0.0), (), source.live)
    chosen = _baseline(groups, options.baseline)
    samples = [sample(group, options.intervals, options.bound / 100) for group in groups]
    baseline = samples[groups.index(chosen)]
    lines = tuple(against(sample, baseline) for sample in samples if sample is not baseline)
    return DifferenceInfo(baseline.role, baseline.name, baseline.runs, baseline.terms, lines, source.live)


def _baseline(groups: Sequence[Group], run: str) -> Group:
    for group in groups:
        if not run or any(item.run.id == run for item in group.runs):
            return group
    raise FieldError(
        "baseline", f"{run[:40]} is none of the runs that are compared; name one of them, or none for the first"
    )


def finding(info: DifferenceInfo) -> list[Part]:
    """Return where each line is better or worse than the baseline, with sizes, n and how replicates are paired."""
    if not info.lines:
        return [Part("Nothing to compare: there is one line. Choose further runs, or group these by a field.")]
    if not any(line.differences for line in info.lines) and not any(line.why for line in info.lines):
        return [Part("No two tickets of the same density and seed have a test accuracy yet.")]
    parts = [Part("Against "), Part(info.baseline, info.role), Part(": ")]
    # Those of which something is shown come first.
    lines = sorted(info.lines, key=lambda line: not any(one.word in ("better", "worse") for one in line.differences))
    for place, line in enumerate(lines[:MOST_SENTENCES]):
        parts += [Part("; " if place else ""), *sentence(line, info.terms)]
    end = ending(len(lines) - MOST_SENTENCES, "line") or "."
    return [*parts, Part(f"{end} Still running." if info.live else end)]


def said(info: DifferenceInfo) -> Said:
    """Return the words of the figure."""
    lines = [line for line in info.lines if line.differences]
    title = f"Difference in accuracy to {info.baseline}" if info.baseline else "Difference in accuracy to a baseline"
    return Said(title, finding(info), foot(lines, info.terms, bands=len(lines) <= LINES), blank=not lines)


def draw(info: DifferenceInfo) -> go.Figure:
    """Draw the figure: differences in points with their intervals as bands, 0 being the baseline."""
    names = shorts(line.name for line in info.lines)
    data: list[dict[str, Any]] = []
    ends: list[labels.End] = []
    lines = [line for line in info.lines if line.differences]
    reach = [100 * end for line in lines for one in line.differences for end in (one.mean, one.low, one.high)]
    y_range = _range([end for end in reach if math.isfinite(end)])
    lowest = min((one.density for line in lines for one in line.differences), default=0.5)
    if lines:
        ends_x = [100.0, 100 * lowest]
        data += [_level(DENSE, ends_x, 0.0, "solid"), _level(DENSE, ends_x, -100 * info.terms.bound, "dot")]
    for line in reversed(lines):
        data += [plain(trace, len(lines)) for trace in _traces(line, band=len(lines) <= LINES)]
        last = line.differences[-1]
        ends.append(labels.End(line.role, names[line.name], 100 * last.density, 100 * last.mean))
    counts = [one.n for line in lines for one in line.differences]
    named = len(ends) <= LABELS
    return figure(
        data,
        **said(info).layout,
        n=max(counts, default=0),
        xaxis=density_axis(min(lowest, 0.5)),
        yaxis=axis("difference in test accuracy (points)", range=list(y_range)),
        annotations=labels.annotations(ends, y_range, log_x=True, descending=True) if named else (),
        right=labels.margin(list(names.values())) if named else 16,
        hovermode="x unified" if named else "closest",
    )


def _range(ends: Sequence[float]) -> tuple[float, float]:
    """Return the ends of the y axis in points, with 0 and some room.

    Few intervals of three replicates may leave the axis.
    """
    if not ends:
        return -1.0, 1.0
    low, high = float(np.quantile(ends, 0.04)), float(np.quantile(ends, 0.96))
    low, high = min(low, -0.3), max(high, 0.3)
    room = 0.06 * (high - low)
    return low - room, high + room


def _level(role: str, x: Sequence[float], y: float, dash: str) -> dict[str, Any]:
    return {
        "type": "scatter", "mode": "lines", "x": list(x), "y": [y, y], "hoverinfo": "skip",
        "line": {"color": LOOKS[role].color, "width": 1.2, "dash": dash}, "meta": {"role": role, "part": "reference"},
    }  # fmt: skip


def _traces(line: Against, *, band: bool) -> list[dict[str, Any]]:
    look = LOOKS[line.role]
    x = [100 * one.density for one in line.differences]
    out: list[dict[str, Any]] = []
    inside = [one for one in line.differences if math.isfinite(one.low)]
    if band and inside:
        edge = {
            "type": "scatter", "mode": "lines", "x": [100 * one.density for one in inside], "hoverinfo": "skip",
            "line": {"width": 0}, "meta": {"role": line.role, "part": "band"},
        }  # fmt: skip
        out.append({**edge, "y": [100 * one.low for one in inside]})
        high = [100 * one.high for one in inside]
        out.append({**edge, "y": high, "fill": "tonexty", "fillcolor": rgba(look.color, 0.13)})
    clear = [one.word in ("better", "worse") for one in line.differences]
    out.append(
        {
            "type": "scatter", "mode": "lines+markers", "name": line.name, "x": x,
            "y": [100 * one.mean for one in line.differences],
            "text": [_hover(one, line) for one in line.differences], "hovertemplate": "%{text}",
            "line": {"color": look.color, "width": 2, "dash": look.dash},
            "marker": {
                "symbol": [look.symbol if item else f"{look.symbol}-open" for item in clear],
                "color": look.color, "size": 6.5, "opacity": 1,
            },
            "meta": {"role": line.role, "part": "mean"},
        }
    )  # fmt: skip
    return out


def _hover(one: Difference, line: Against) -> str:
    interval = "" if math.isnan(one.low) else f"  ({words.points(one.low)} to {words.points(one.high)})"
    return f"{words.points(one.mean)} points{interval}, {_n(one, line)}: {one.word}"


def _n(one: Difference, line: Against) -> str:
    return plural(one.n, "pair") if line.paired else f"n = {one.n} against {one.n_baseline}, unpaired"


def table(info: DifferenceInfo) -> dict[str, list[Any]]:
    """Return a row per line and density; differences in [−1, 1], `n` and `n_baseline` in seeds."""
    columns: dict[str, list[Any]] = {
        name: [] for name in ("group", "baseline", "density", "paired", "n", "n_baseline", "difference", "low", "high",
                              "verdict", "intervals", "bound")
    }  # fmt: skip
    for line in info.lines:
        for one in line.differences:
            row = (line.name, info.baseline, one.density, str(line.paired).lower(), one.n, one.n_baseline, one.mean,
                   one.low, one.high, one.word, info.terms.kind, info.terms.bound)  # fmt: skip
            for column, cell in zip(columns.values(), row, strict=True):
                column.append(cell)
    return columns


def sheet(info: DifferenceInfo) -> Sheet | None:
    """Return the same as a table: a row for each line, a column for each density, densest first."""
    densities = sorted({one.density for line in info.lines for one in line.differences}, reverse=True)
    if not densities:
        return None
    rows = []
    for line in info.lines:
        at = {one.density: one for one in line.differences}
        rows.append((line.role, line.name, tuple(_cell(at.get(density), line) for density in densities)))
    left = len(rows) - ROWS
    more = f"; {plural(left, 'further line')} in the CSV" if left > 0 else ""
    head = tuple(words.density(density) for density in densities)
    return Sheet(f"Minus {info.baseline}, in points{more}", head, tuple(rows[:ROWS]))


def _cell(one: Difference | None, line: Against) -> Cell:
    if one is None:
        return Cell("–")
    half = "" if math.isnan(one.low) else f"± {100 * (one.high - one.low) / 2:.2f}, "
    n = f"n = {one.n}" if line.paired else f"n = {one.n}, {one.n_baseline}"
    return Cell(words.points(one.mean), f"{half}{n}", one.word in ("better", "worse"))


ENTRY = ComparedEntry(
    "compared_difference",
    "Difference in accuracy to a baseline",
    "Which of these runs is better than the baseline, and by how much?",
    ("outcome",),
    DifferenceOptions,
    info,
    said,
    draw,
    table,
    sheet,
)
