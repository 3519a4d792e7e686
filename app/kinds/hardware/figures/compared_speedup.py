"""Speed-up over dense of one format, of several hardware runs: machines, dtypes or versions side by side."""

import math
from typing import Any

import numpy as np
import plotly.graph_objects as go

from app.contract.words import plural
from app.kinds.hardware.figures import hardware_view as hardware
from app.kinds.hardware.figures.compared_layer import ROWS, LayerChoice, LayerLines, Line, layer_lines
from app.kinds.hardware.figures.compared_lines import Axis, lines_figure, lowest
from app.plotting import words
from app.plotting.compared import LINES, Cell, ComparedEntry, ComparedSource, Said, Sheet
from app.plotting.style import DENSE, LOOKS
from app.plotting.words import Part


def info(source: ComparedSource[LayerChoice]) -> LayerLines:
    """Return the data of the figure, from the series `hardware`."""
    return layer_lines(source, "speedup")


def said(info: LayerLines) -> Said:
    """Return where each run is at its lowest density, the fastest first, and what is not compared."""
    title = f"Speed-up of {LOOKS[info.options.storage].label} against density, {info.what}"
    if not info.lines:
        return Said(title, [Part(info.awaited)], "n = 0", blank=True)
    parts = []
    for place, line in enumerate(sorted(info.lines, key=lambda line: -line.end[0])[:LINES]):
        value, density, n = line.end
        parts += [Part(f"{'; ' if place else ''}{line.name} on {line.device} "), Part(hardware.times(value), line.role),
                  Part(f" at {words.density(density)} (n = {n})")]  # fmt: skip
    devices = {line.device for line in info.lines}
    foot = f"{plural(len(info.lines), 'run')} on {plural(len(devices), 'device')}"
    spread = "line = mean, band = min to max over replicates · each point over dense on the same device in the same run"
    return Said(title, [*parts, Part(f".{info.missing}")], f"{foot} · {spread}")


def draw(info: LayerLines) -> go.Figure:
    """Return the figure, both axes logarithmic: a line for each run, and dense at 1."""
    every = np.concatenate([line.values.ravel() for line in info.lines]) if info.lines else np.ones(1)
    y_range = (
        math.log10(min(0.5, float(np.nanmin(every)))) - 0.05, math.log10(max(2.0, float(np.nanmax(every)))) + 0.08
    )  # fmt: skip
    dense = {
        "type": "scatter", "mode": "lines", "name": "dense", "x": [100.0, 100 * lowest(info)], "y": [1.0, 1.0],
        "hoverinfo": "skip", "line": {"color": LOOKS[DENSE].color, "width": 1.2},
        "meta": {"role": DENSE, "part": "reference"},
    }  # fmt: skip
    axis = Axis("speed-up over dense (×)", y_range, 1, ".2f", "×")
    return lines_figure(info, said(info), axis, [dense] if info.lines else [])


def table(info: LayerLines) -> dict[str, list[Any]]:
    """Return a row per run, density and replicate."""
    columns: dict[str, list[Any]] = {
        name: [] for name in ("line", "device", "format", "mode", "layer", "density", "replicate", "speedup")
    }
    layer = hardware.key(info.layer) if info.layer else ""
    for line in info.lines:
        for i, j in np.argwhere(np.isfinite(line.values)).tolist():
            row = (line.name, line.device, info.options.storage, info.options.mode, layer, float(line.densities[i]), j,
                   float(line.values[i, j]))  # fmt: skip
            for column, cell in zip(columns.values(), row, strict=True):
                column.append(cell)
    return columns


def sheet(info: LayerLines) -> Sheet | None:
    """Return the machine of each run and its speed-up at each density, densest first, with its range and n."""
    if not info.lines:
        return None
    rows = [
        (line.role, line.name, (Cell(line.device), *(_cell(line, density) for density in info.densities)))
        for line in info.lines[:ROWS]
    ]
    left = len(info.lines) - ROWS
    more = f"; {plural(left, 'further line')} in the CSV" if left > 0 else ""
    head = ("device", *(words.density(density) for density in info.densities))
    return Sheet(f"{LOOKS[info.options.storage].label} over dense, {info.what}{more}", head, tuple(rows))


def _cell(line: Line, density: float) -> Cell:
    values = line.values[line.densities == density]
    there = values[np.isfinite(values)]
    if not len(there):
        return Cell("–")
    low, high = float(there.min()), float(there.max())
    spread = f"{low:.2f} to {high:.2f}, " if len(there) > 1 else ""
    return Cell(hardware.times(float(there.mean())), f"{spread}n = {len(there)}", low > 1)


ENTRY = ComparedEntry(
    "compared_speedup",
    "Speed-up against density",
    "On which of these machines, or in which of these runs, is a sparse layer faster?",
    ("hardware",),
    LayerChoice,
    info,
    said,
    draw,
    table,
    sheet,
)
