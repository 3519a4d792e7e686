"""The objective of a sweep against one of its fields."""

from typing import Any

import numpy as np
import plotly.graph_objects as go

from app.plotting.style import LOOKS, SOFT, axis, figure, whole_ticks
from app.plotting.sweep.best_so_far import BEST
from app.plotting.sweep.data import Column, SweepData, SweepEntry
from app.plotting.words import Part, brief


def column(data: SweepData, path: str) -> Column:
    """Return the field of a slice. Raises KeyError."""
    return {column.path: column for column in data.columns}[path]


def means(data: SweepData, path: str) -> list[tuple[float, float, int]]:
    """Return value of the field, mean objective and how many runs, where two runs or more share a value."""
    numbers, values = np.array(column(data, path).numbers), np.array(data.values)
    means = []
    for number in np.unique(numbers):
        here = values[numbers == number]
        if len(here) > 1:
            means.append((float(number), float(here.mean()), len(here)))
    return means


def finding(data: SweepData, path: str) -> list[Part]:
    """Return which value has the best mean, or which the best run has."""
    if data.best is None:
        return [Part(data.nothing)]
    field = column(data, path)
    if shared := means(data, path):
        sign = 1 if data.looked.maximise else -1
        at, mean, n = max(shared, key=lambda point: sign * point[1])
        return [Part(f"Best mean at {field.label} {_value(field, at)}: "), Part(data.looked.text(mean), BEST),
                Part(f" (n = {n}).")]  # fmt: skip
    value = data.values[data.best]
    return [Part(f"The best run has {field.label} {_value(field, field.numbers[data.best])}: "),
            Part(data.looked.text(value), BEST), Part(".")]  # fmt: skip


def draw(data: SweepData, path: str) -> go.Figure:
    """Return the figure: a point for each run, and the mean where runs share a value of the field."""
    field, scale = column(data, path), data.looked.scale
    y, shared = scale * np.array(data.values), means(data, path)
    traces: list[dict[str, Any]] = []
    if len(y):
        text = [f"{data.looked.text(value)}<br>{data.said(member)}"
                for value, member in zip(data.values, data.members, strict=True)]  # fmt: skip
        traces.append(
            {"type": "scatter", "mode": "markers", "name": "run", "x": list(field.numbers), "y": y, "text": text,
             "hovertemplate": "%{text}<extra></extra>",
             "marker": {"symbol": "circle", "color": LOOKS[SOFT].color, "size": 6, "opacity": 0.7},
             "meta": {"role": SOFT, "part": "run"}}
        )  # fmt: skip
    if shared:
        traces.append(
            {"type": "scatter", "mode": "markers" if field.levels else "lines+markers", "name": "mean",
             "x": [x for x, _, _ in shared], "y": [scale * mean for _, mean, _ in shared],
             "text": [f"mean of {n} runs: {data.looked.text(mean)}" for _, mean, n in shared],
             "hovertemplate": "%{text}<extra></extra>", "line": {"color": LOOKS[BEST].color, "width": 2},
             "marker": {"symbol": "line-ew", "size": 14, "color": LOOKS[BEST].color,
                        "line": {"width": 2.5, "color": LOOKS[BEST].color}},
             "meta": {"role": BEST, "part": "mean"}}
        )  # fmt: skip
    others = "; its other fields vary too" if len(data.columns) > 1 else ""
    mean = " · dash = mean over runs of the same value" if shared else ""
    return figure(
        traces,
        title=f"{data.looked.title[:1].upper()}{data.looked.title[1:]} against {field.label}",
        finding=finding(data, path),
        foot=f"{data.n_text} · dot = one run{others}{mean}",
        n=len(y),
        xaxis=ticks(field, field.label),
        yaxis=axis(data.looked.axis, showticklabels=len(y) > 0),
        hovermode="closest",
    )


def ticks(field: Column, title: str) -> dict[str, Any]:
    """Return the axis of a field: of numbers, of their logarithms, or of names."""
    if field.levels:
        places = list(range(len(field.levels)))
        return axis(title, tickvals=places, ticktext=list(field.levels), range=[-0.5, len(places) - 0.5])
    if field.log:
        return axis(title, type="log", exponentformat="power")
    return axis(title, **whole_ticks(field.numbers))


def table(data: SweepData, path: str) -> dict[str, list[Any]]:
    """Return a row per run that ended with a value."""
    field = column(data, path)
    values = [_value(field, number) if field.levels else number for number in field.numbers]
    return {"run": [member.run or "" for member in data.members], path: values, "objective": list(data.values)}


def _value(field: Column, number: float) -> str:
    return field.levels[int(number)] if field.levels else brief(number)


ENTRY = SweepEntry("slice", "Against one field", "How does the objective depend on this field?", draw, table,
                   per_field=True)  # fmt: skip
