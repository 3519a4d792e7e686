"""A line for each of several hardware runs against density, both axes logarithmic."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import plotly.graph_objects as go

from app.kinds.hardware.figures.compared_layer import LayerLines
from app.plotting import labels, mean_lines
from app.plotting.compared import LABELS, LINES, Said, shorts
from app.plotting.density_axis import density_axis
from app.plotting.mean_lines import MeanLine
from app.plotting.style import figure


class Axis(NamedTuple):
    """The vertical axis: values are divided by `scale` and shown by `digits` and `unit`; `y_range` is in decades."""

    title: str
    y_range: tuple[float, float]
    scale: float
    digits: str
    unit: str


def lowest(info: LayerLines) -> float:
    """Return the lowest density of any line, in (0, 1]."""
    return min((float(line.densities[-1]) for line in info.lines), default=0.5)


def lines_figure(info: LayerLines, said: Said, axis: Axis, under: Sequence[dict[str, Any]] = ()) -> go.Figure:
    """Return the figure of the lines over the traces `under`; few lines have bands, and names at their ends."""
    names = shorts(line.name for line in info.lines)
    data: list[dict[str, Any]] = list(under)
    ends: list[labels.End | None] = []
    for line in reversed(info.lines):
        at = [line.name] * len(line.densities)
        values = line.values / axis.scale
        mean = MeanLine(line.role, line.name, 100 * line.densities, values, at, axis.digits, axis.unit)
        data += mean_lines.traces(mean, band=len(info.lines) <= LINES, log_y=True)
        ends.append(mean_lines.end(mean, names[line.name]))
    named = len(ends) <= LABELS
    notes = mean_lines.annotations(ends, axis.y_range, log_x=True, log_y=True, descending=True) if named else ()
    return figure(
        data,
        **said.layout,
        n=max((line.values.shape[1] for line in info.lines), default=0),
        xaxis=density_axis(min(lowest(info), 0.5)),
        yaxis=mean_lines.log_axis(axis.title, axis.y_range),
        annotations=notes,
        right=labels.margin(list(names.values())) if named else 16,
        hovermode="x unified" if named else "closest",
    )
