"""Scatter of any two columns of several runs."""

import math
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from pydantic import Field, JsonValue

from app.contract.experiment import FieldError
from app.contract.words import plural
from app.plotting import labels, mean_lines, run_columns
from app.plotting.compared import LINES, ComparedEntry, ComparedSource, Said, short, shorts
from app.plotting.run_columns import RunColumn, written
from app.plotting.source import Options
from app.plotting.style import LOOKS, axis, figure, whole_ticks
from app.plotting.words import Part

_COLUMN: dict[str, JsonValue] = {"of": "column"}
_OUTCOMES = ("result", "cost", "field")
"""What the y axis shows where nothing is chosen: the first of these that differs."""


class ScatterOptions(Options):
    """`x` and `y` are a field or measure each; empty leaves the choice to the runs."""

    x: str = Field("", max_length=200, json_schema_extra=_COLUMN)
    y: str = Field("", max_length=200, json_schema_extra=_COLUMN)


class ScatterInfo(NamedTuple):
    """Two columns, None where the runs have nothing to draw; `places` are runs that have both, `roles` those of all."""

    ids: tuple[str, ...]
    names: tuple[str, ...]
    groups: tuple[str, ...]
    roles: tuple[str, ...]
    x: RunColumn | None
    y: RunColumn | None
    places: tuple[int, ...]


def info(source: ComparedSource[ScatterOptions]) -> ScatterInfo:
    """Return the data of the figure. Raises FieldError for a column that no run has."""
    options = source.options
    usual = run_columns.usual(source.columns)
    numeric = [item for item in usual if item.numeric]
    ranked = sorted(numeric, key=lambda column: _OUTCOMES.index(column.group))
    y = _chosen(source, "y", options.y) or (ranked[0] if ranked else None)
    fields = [item for item in usual if item.group == "field" and item != y]
    # What was chosen explains what came out, also where it is a word.
    others = sorted(fields, key=lambda item: not item.numeric) or [item for item in numeric if item != y]
    x = _chosen(source, "x", options.x) or (others[0] if others else None)
    lines = source.described
    both = [
        place for place in range(len(lines))
        if x is not None and y is not None and x.values[place] is not None and y.values[place] is not None
    ]  # fmt: skip
    return ScatterInfo(
        tuple(run.id for run, _, _ in lines), tuple(name for _, _, name in lines),
        tuple(group.name for _, group, _ in lines), tuple(group.role for _, group, _ in lines), x, y, tuple(both),
    )  # fmt: skip


def _chosen(source: ComparedSource[ScatterOptions], option: str, name: str) -> RunColumn | None:
    if not name:
        return None
    column = run_columns.find(source.columns, name)
    if column is None:
        raise FieldError(
            option,
            f"{name[:60]} is no field or measure that one of these runs has; choose one in the figure, or leave it out",
        )
    return column


def rank_correlation(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Return Spearman's ρ, in [−1, 1], equal values sharing their mean rank; NaN for fewer than three or constants."""
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return math.nan
    return float(np.corrcoef(_ranks(x), _ranks(y))[0, 1])


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks: NDArray[np.float64] = (ends - (counts - 1) / 2)[which]
    return ranks


def finding(info: ScatterInfo) -> list[Part]:
    """Return how the two go together, with n."""
    if info.x is None or info.y is None:
        return [Part("Nothing to draw: these runs differ in fewer than two columns.")]
    if not info.places:
        return [Part(f"No run has both {info.x.title} and {info.y.title}.")]
    n = plural(len(info.places), "run")
    left = len(info.ids) - len(info.places)
    missing = f"; {plural(left, 'run')} without one of them left out" if left else ""
    if info.x.numeric and info.y.numeric:
        x, y = (np.array([item.numbers[place] for place in info.places]) for item in (info.x, info.y))
        rho = rank_correlation(x, y)
        if not math.isnan(rho):
            value = f"{rho:.2f}".replace("-", "−")
            how = "Spearman; it shows what goes together, not what causes what"
            what = f"{info.y.title} against {info.x.title}"
            return [Part(f"{what}: rank correlation {value} over {n} ({how}){missing}.")]
    return [Part(f"{info.y.title} against {info.x.title} of {n}{missing}.")]


def said(info: ScatterInfo) -> Said:
    """Return the words of the figure."""
    title = f"Each run: {info.y.title} against {info.x.title}" if info.x and info.y else "Two columns of each run"
    foot = f"n = {plural(len(info.places), 'run')} · a marker = a run, in the look of its line above"
    return Said(title, finding(info), foot, blank=not info.places)


def draw(info: ScatterInfo) -> go.Figure:
    """Return the figure: a marker for each run in the look of its line; words are evenly spaced."""
    shown = shorts(info.groups)
    data: list[dict[str, Any]] = []
    x, y = info.x, info.y
    if x is not None and y is not None:
        for name in dict.fromkeys(info.groups):
            mine = [place for place in info.places if info.groups[place] == name]
            if mine:
                data.append(_markers(info, x, y, name, mine))
    named = len(data) <= LINES
    ends = [labels.End(trace["meta"]["role"], shown[trace["name"]], 0.0, 0.0) for trace in data] if named else []
    legend = [
        {"text": end.text, "name": end.role, "font": {"color": LOOKS[end.role].color}, "showarrow": False,
         "xref": "paper", "yref": "paper", "x": 1, "y": 1, "xanchor": "left", "yanchor": "top", "xshift": 12,
         "yshift": -18 * place}
        for place, end in enumerate(ends)
    ]  # fmt: skip
    return figure(
        data,
        **said(info).layout,
        n=0,
        xaxis=_axis(x),
        yaxis=_axis(y),
        annotations=legend,
        right=labels.margin([end.text for end in ends]) if named else 16,
        hovermode="closest",
    )


def _markers(info: ScatterInfo, x: RunColumn, y: RunColumn, name: str, mine: list[int]) -> dict[str, Any]:
    look = LOOKS[info.roles[mine[0]]]
    return {
        "type": "scatter", "mode": "markers", "name": name,
        "x": [_at(x, place) for place in mine], "y": [_at(y, place) for place in mine],
        "text": [f"{info.names[place]}<br>{x.title} {written(x.values[place])}<br>{y.title} {written(y.values[place])}"
                 for place in mine],
        "hovertemplate": "%{text}<extra></extra>",
        "marker": {"symbol": look.symbol, "color": look.color, "size": 9, "opacity": 0.8},
        "meta": {"role": info.roles[mine[0]], "part": "runs"},
    }  # fmt: skip


def _at(column: RunColumn, place: int) -> float:
    """Return where a run is on the axis: its number, or the place of its word."""
    value = column.values[place]
    return column.numbers[place] if column.numeric else float(column.names.index(written(value)))


def _axis(column: RunColumn | None) -> dict[str, Any]:
    if column is None:
        return axis("")
    if column.numeric:
        if column.logarithmic:
            return mean_lines.log_axis(column.title, mean_lines.log_range(np.array(column.numbers)))
        return axis(column.title, exponentformat="power", **({"nticks": 6} | whole_ticks(column.numbers)))
    names = column.names
    return axis(column.title, range=[-0.5, max(len(names), 1) - 0.5], tickvals=list(range(len(names))),
                ticktext=[short(name) for name in names])  # fmt: skip


def table(info: ScatterInfo) -> dict[str, list[Any]]:
    """Return a row for each run."""
    columns = [item for item in (info.x, info.y) if item is not None]
    return run_columns.table(info.names, info.ids, info.groups, columns)


ENTRY = ComparedEntry(
    "compared_scatter",
    "Two columns of each run",
    "Does one field or measure of these runs go with another?",
    (),
    ScatterOptions,
    info,
    said,
    draw,
    table,
)
