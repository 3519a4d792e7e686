"""Parallel coordinates of a sweep: a line through the values of each run, the best ones in front."""

import math
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from app.contract.words import plural
from app.plotting.style import HAIRLINE, LOOKS, SOFT, axis, figure, note
from app.plotting.sweep.best_so_far import BEST
from app.plotting.sweep.data import Column, SweepData, SweepEntry
from app.plotting.words import Part, brief

SHARE = 0.1
"""The best runs that are drawn in front, as a share of all; at least one."""


def heights(field: Column) -> NDArray[np.float64]:
    """Return where the values of a field lie on its axis, in [0, 1]."""
    numbers = np.array(field.numbers)
    if field.levels:
        return np.asarray((numbers + 0.5) / len(field.levels))
    if field.log:
        numbers = np.log(numbers)
    low, high = float(numbers.min(initial=np.inf)), float(numbers.max(initial=-np.inf))
    return np.full(len(numbers), 0.5) if high <= low else np.asarray((numbers - low) / (high - low))


def front(data: SweepData) -> list[int]:
    """Return the places of the best runs, the best first."""
    values = np.array(data.values)
    order = np.argsort(-values if data.looked.maximise else values, kind="stable").tolist()
    return [int(place) for place in order[: max(1, math.ceil(SHARE * len(order)))]] if order else []


def _objective(data: SweepData) -> Column:
    return Column("", data.looked.title, data.values, False)


def finding(data: SweepData) -> list[Part]:
    """Return what the best runs have in common."""
    best = front(data)
    if not best:
        return [Part(data.nothing)]
    shared = [
        f"{field.label} {_text(field, min(numbers))}" if min(numbers) == max(numbers)
        else f"{field.label} {_text(field, min(numbers))} to {_text(field, max(numbers))}"
        for field in data.columns
        if (numbers := [field.numbers[place] for place in best]) and (not field.levels or min(numbers) == max(numbers))
    ]  # fmt: skip
    worst = data.values[best[-1]]
    many = "The best run" if len(best) == 1 else f"The best {len(best)} runs"
    has = "has" if len(best) == 1 else "have"
    note = f" {has} {', '.join(shared)}" if shared else ""
    return [Part(f"{many} ("), Part(f"{'from ' if len(best) > 1 else ''}{data.looked.text(worst)}", BEST),
            Part(f"){note}." if note else ").")]  # fmt: skip


def draw(data: SweepData, _field: str = "") -> go.Figure:
    """Return the figure: an axis for each field and one for the objective, a line for each run."""
    fields = (*data.columns, _objective(data))
    y = np.stack([heights(field) for field in fields], axis=1) if data.members else np.zeros((0, len(fields)))
    best = front(data)
    rest = [place for place in range(len(data.members)) if place not in set(best)]
    traces = []
    for places, role, width, opacity, name in (
        (rest, SOFT, 1.0, 0.35, "run"), (best, BEST, 2.0, 0.9, "one of the best runs"),
    ):  # fmt: skip
        if places:
            traces.append(_lines(data, fields, y, places, role, width, opacity, name))
    notes, shapes = [], []
    for at, field in enumerate(fields):
        shapes.append({"type": "line", "x0": at, "x1": at, "y0": 0, "y1": 1, "layer": "below", "name": "line",
                       "line": {"width": 1, "color": HAIRLINE}})  # fmt: skip
        if data.members:
            notes += _ends(data, field, at, last=at == len(fields) - 1)
    names = [field.label if len(field.label) <= 16 else f"{field.label[:15]}…" for field in fields[:-1]]
    return figure(
        traces,
        title="Parallel coordinates",
        finding=finding(data),
        foot=f"{data.n_text} · line = one run" + (f" · coloured = the best {plural(len(best), 'run')}" if best else ""),
        n=len(data.members),
        xaxis=axis("", tickvals=list(range(len(fields))), ticktext=[*names, "objective"],
                   range=[-0.35, len(fields) - 0.65], showgrid=False, fixedrange=True),
        yaxis=axis("", visible=False, range=[-0.08, 1.08], fixedrange=True),
        annotations=notes,
        shapes=shapes,
        hovermode="closest",
    )  # fmt: skip


def _lines(
    data: SweepData, fields: tuple[Column, ...], y: NDArray[np.float64], places: list[int], role: str, width: float,
    opacity: float, name: str,
) -> dict[str, Any]:  # fmt: skip
    """Return one trace for many runs, whose lines do not touch: a hundred traces would take seconds to draw."""
    xs: list[float | None] = []
    ys: list[float | None] = []
    text: list[str] = []
    for place in places:
        note = f"{data.looked.text(data.values[place])}<br>{data.said(data.members[place])}"
        xs += [*map(float, range(len(fields))), None]
        ys += [*y[place].tolist(), None]
        text += [note] * len(fields) + [""]
    return {
        "type": "scatter", "mode": "lines", "name": name, "x": xs, "y": ys, "text": text, "opacity": opacity,
        "hovertemplate": "%{text}<extra></extra>", "line": {"color": LOOKS[role].color, "width": width},
        "meta": {"role": role, "part": "run"},
    }  # fmt: skip


def _ends(data: SweepData, field: Column, at: int, *, last: bool) -> list[dict[str, Any]]:
    """Return the least and the greatest value of an axis, at its ends; every name of one that has names."""
    place: dict[str, Any] = {"x": at, "xanchor": "right" if last else "left", "xshift": -4 if last else 4}
    if field.levels:
        return [note(name, y=(i + 0.5) / len(field.levels), yanchor="middle", **place)
                for i, name in enumerate(field.levels)]  # fmt: skip
    write = data.looked.text if last else brief
    low, high = write(min(field.numbers)), write(max(field.numbers))
    ends = [(0, "top", low), (1, "bottom", high)] if low != high else [(0.5, "bottom", low)]
    return [note(text, y=y, yanchor=anchor, **place) for y, anchor, text in ends]


def _text(field: Column, number: float) -> str:
    return field.levels[int(number)] if field.levels else brief(number)


def table(data: SweepData, _field: str = "") -> dict[str, list[Any]]:
    """Return a row per run that ended with a value."""
    columns: dict[str, list[Any]] = {"run": [member.run or "" for member in data.members]}
    for field in data.columns:
        columns[field.path] = [_text(field, number) if field.levels else number for number in field.numbers]
    columns["objective"] = list(data.values)
    return columns


ENTRY = SweepEntry("parallel", "Parallel coordinates", "Which values do the best runs share?", draw, table)
