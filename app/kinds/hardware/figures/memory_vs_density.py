"""Bytes that a layer holds in each format against density."""

import math
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from app.kinds.hardware.figures import hardware_view as hardware
from app.kinds.hardware.figures.hardware_view import Format, LayerOptions, View, has_layers
from app.kinds.hardware.spec import HardwareSpec
from app.plotting import labels, mean_lines, words
from app.plotting.density_axis import density_axis
from app.plotting.entry import FigureEntry
from app.plotting.mean_lines import MeanLine
from app.plotting.replicates import mean
from app.plotting.source import Source
from app.plotting.style import FORMATS, LOOKS, figure
from app.plotting.words import Part

Floats = NDArray[np.float64]
_UNITS = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1.0, "B"))


class MemoryInfo(NamedTuple):
    """Bytes held by one layer by `densities` (n,), in (0, 1] and descending, for each format, dense first."""

    view: View
    densities: Floats
    formats: tuple[Format, ...]
    live: bool


def info(source: Source[LayerOptions]) -> MemoryInfo:
    """Return the data of the figure, from the series `hardware`."""
    spec, view = source.spec(HardwareSpec), hardware.view(source)
    densities = np.array(sorted(spec.densities, reverse=True))
    return MemoryInfo(view, densities, hardware.formats(source, view, "bytes", densities), source.live)


def size_text(n_bytes: float) -> str:
    """Return a size in three digits: `942 kB`, `21 kB`, `812 B`."""
    unit, name = next((item for item in _UNITS if n_bytes >= item[0]), _UNITS[-1])
    return f"{words.significant(n_bytes / unit, 3)} {name}"


def finding(info: MemoryInfo) -> list[Part]:
    """Return the bytes of dense, and of the others at the lowest density that all of them have."""
    there = [item for item in info.formats if np.isfinite(item.values).any()]
    if len(there) < 2:
        if info.view.layer is None:
            return [Part("Nothing to show: this run times no layer by itself.")]
        return [Part("The first point appears with the first measurement." if info.live
                     else "Nothing to show: no timing succeeded.")]  # fmt: skip
    at = int(np.flatnonzero(np.isfinite(mean(there[0].values)))[-1])
    held = [(item, float(mean(item.values)[at])) for item in there]
    rest = [
        [Part(f"{LOOKS[item.name].phrase} "), Part(size_text(value), item.name)]
        for item, value in held[1:]
        if math.isfinite(value)
    ]
    layer = hardware.size(info.view.layer) if info.view.layer else ""
    return [
        Part(f"For {info.view.mode}, {layer} takes {size_text(held[0][1])} dense; at "
             f"{words.density(info.densities[at])} of the weights "),
        *words.listed(rest), Part("."),
    ]  # fmt: skip


def draw(info: MemoryInfo) -> go.Figure:
    """Draw the figure, both axes logarithmic: a line for each format."""
    n_in, n_out = info.view.layer or (1, 1)
    whole = 4.0 * n_in * n_out
    every = np.concatenate([item.values.ravel() for item in info.formats])
    values = np.append(every, [whole * 4, whole * float(info.densities[-1])])
    y_range = mean_lines.log_range(values / 1000)
    data: list[dict[str, Any]] = []
    ends = []
    for one in info.formats:
        label = LOOKS[one.name].label
        line = MeanLine(one.name, label, 100 * info.densities, one.values / 1000, [label] * len(info.densities),
                        ",.1f", " kB")  # fmt: skip
        data += mean_lines.traces(line, log_y=True)
        ends.append(mean_lines.end(line, label))
    others = info.formats[1:]
    return figure(
        data,
        title="Memory against density",
        finding=finding(info),
        foot=f"{hardware.notes(others, info.view)[0]} · parameters, masks and indices read by a pass; gradients and "
             "an optimizer's memory not counted",
        n=int(hardware.n_of(info.formats).max(initial=0)),
        xaxis=density_axis(float(info.densities[-1])),
        yaxis=mean_lines.log_axis("held (kB)", y_range),
        annotations=mean_lines.annotations(ends, y_range, log_x=True, log_y=True, gap=0.07, descending=True),
        right=labels.margin([look.label for look in FORMATS.values()]),
    )  # fmt: skip


def table(info: MemoryInfo) -> dict[str, list[Any]]:
    """Return one row per format, density and replicate that is measured."""
    columns: dict[str, list[Any]] = {name: [] for name in ("format", "density", "replicate", "bytes")}
    for one in info.formats:
        for i, j in np.argwhere(np.isfinite(one.values)).tolist():
            row = one.name, float(info.densities[i]), j, int(one.values[i, j])
            for column, value in zip(columns.values(), row, strict=True):
                column.append(value)
    return columns


ENTRY = FigureEntry(
    "memory_vs_density",
    "Memory against density",
    "How much memory does each format need?",
    ("hardware",),
    LayerOptions,
    info,
    draw,
    table,
    wanted=has_layers,
)
