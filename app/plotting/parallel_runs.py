"""Parallel coordinates of several runs: a line for each run through its value on the axis of each column."""

import math
from typing import Any, NamedTuple

import plotly.graph_objects as go
from pydantic import Field

from app.contract.words import plural
from app.plotting import run_columns
from app.plotting.compared import ComparedEntry, ComparedSource, Said
from app.plotting.run_columns import RunColumn, written
from app.plotting.source import Options
from app.plotting.style import LOOKS, SOFT, axis, figure, note
from app.plotting.words import Part

MOST = 16
"""Axes that are drawn."""


class ParallelOptions(Options):
    """`columns` are fields and measures, separated by commas; none leaves the choice to the runs."""

    columns: str = Field("", max_length=2_000, json_schema_extra={"of": "columns"})


class ParallelInfo(NamedTuple):
    """Runs by id, name, line and its role, and the columns that are drawn; `unknown` are names of none."""

    ids: tuple[str, ...]
    names: tuple[str, ...]
    groups: tuple[str, ...]
    roles: tuple[str, ...]
    columns: tuple[RunColumn, ...]
    unknown: tuple[str, ...]


def info(source: ComparedSource[ParallelOptions]) -> ParallelInfo:
    """Return the data of the figure: chosen columns, else those that differ, fields before measures."""
    wanted = [name.strip() for name in source.options.columns.split(",") if name.strip()]
    columns = {name: run_columns.find(source.columns, name) for name in wanted}
    there = {name: column for name, column in columns.items() if column is not None and not column.empty}
    chosen = list(dict.fromkeys(there.values())) if wanted else run_columns.telling(source.columns)
    lines = source.described
    return ParallelInfo(
        tuple(run.id for run, _, _ in lines), tuple(name for _, _, name in lines),
        tuple(group.name for _, group, _ in lines), tuple(group.role for _, group, _ in lines),
        tuple(chosen[:MOST]), tuple(name for name in columns if name not in there),
    )  # fmt: skip


def finding(info: ParallelInfo) -> list[Part]:
    """Return how many runs and columns there are, and which run is highest and lowest on the last one."""
    unknown = f" None of these runs has {', '.join(info.unknown)}." if info.unknown else ""
    if not info.columns:
        return [Part(unknown.strip() or "These runs differ in no field and in no measure.")]
    parts = [Part(f"{plural(len(info.ids), 'run')}, {plural(len(info.columns), 'column')}.{unknown}")]
    last = info.columns[-1]
    ends = sorted((value, place) for place, value in enumerate(last.numbers) if math.isfinite(value))
    if len(ends) > 1 and ends[0][0] < ends[-1][0]:
        for word, (value, place) in (("highest", ends[-1]), ("lowest", ends[0])):
            parts += [Part(f" The {word} {last.title} is "), Part(written(value), info.roles[place]),
                      Part(f", of {info.names[place]}.")]  # fmt: skip
    return parts


def said(info: ParallelInfo) -> Said:
    """Return the words of the figure; its height is that of its rows."""
    rows = len(info.columns)
    foot = f"{plural(len(info.ids), 'run')} · a line = a run, in its colour of above · a gap = no such value"
    size = "short" if rows <= 2 else "tall" if rows <= 4 else "sheet" if rows <= 9 else "roll"
    return Said("Fields and measures of each run", finding(info), foot, blank=not rows, size=size)


def draw(info: ParallelInfo) -> go.Figure:
    """Return the figure: an axis in each row, from the least to the largest value, and a line for each run."""
    rows = len(info.columns)
    at = [run_columns.places(column) for column in info.columns]
    notes: list[dict[str, Any]] = []
    shapes: list[dict[str, Any]] = []
    for row, column in enumerate(info.columns):
        scale = ", logarithmic" if column.logarithmic else ""
        notes.append(note(f"{column.title}{scale}", x=0, y=-row, xanchor="left", yanchor="bottom", yshift=3,
                          bgcolor="rgba(255,255,255,0.75)"))  # fmt: skip
        shapes.append({"type": "line", "x0": 0, "x1": 1, "y0": -row, "y1": -row, "layer": "below", "name": SOFT,
                       "line": {"color": LOOKS[SOFT].color, "width": 1}})  # fmt: skip
        marks = run_columns.ticks(column)
        for place, text in marks if len(marks) <= 8 else (marks[0], marks[-1]):
            side = "left" if place == 0 else "right" if place == 1 else "center"
            notes.append(note(_short(text), x=place, y=-row, xanchor=side, yanchor="top", yshift=-3,
                              bgcolor="rgba(255,255,255,0.75)"))  # fmt: skip
    traces = [_line(info, at, run) for run in range(len(info.ids))] if rows else []
    return figure(
        traces,
        **said(info).layout,
        n=0,
        xaxis=axis("", range=[-0.02, 1.02], visible=False, fixedrange=True),
        yaxis=axis("", range=[-max(rows - 1, 0) - 0.3, 0.3], visible=False, fixedrange=True),
        annotations=notes,
        shapes=shapes,
        hovermode="closest",
    )


def _line(info: ParallelInfo, at: list[list[float]], run: int) -> dict[str, Any]:
    look = LOOKS[info.roles[run]]
    return {
        "type": "scatter", "mode": "lines+markers", "name": info.names[run],
        "x": [None if math.isnan(places[run]) else places[run] for places in at],
        "y": [-row for row in range(len(at))],
        "text": [f"{info.names[run]}: {column.title} {written(column.values[run])}" for column in info.columns],
        "hovertemplate": "%{text}<extra></extra>", "opacity": 0.75,
        "line": {"color": look.color, "width": 1.4, "dash": look.dash},
        "marker": {"symbol": look.symbol, "color": look.color, "size": 6},
        "meta": {"role": info.roles[run], "part": "run"},
    }  # fmt: skip


def _short(text: str) -> str:
    return text if len(text) <= 20 else f"{text[:19]}…"


def table(info: ParallelInfo) -> dict[str, list[Any]]:
    """Return a row for each run."""
    return run_columns.table(info.names, info.ids, info.groups, info.columns)


ENTRY = ComparedEntry(
    "compared_columns",
    "Fields and measures of each run",
    "Which values of the fields go with which outcome?",
    (),
    ParallelOptions,
    info,
    said,
    draw,
    table,
)
