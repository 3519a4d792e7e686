"""Bytes that a layer holds in one format, of several hardware runs."""

from typing import Any

import numpy as np
import plotly.graph_objects as go

from app.contract.words import plural
from app.kinds.hardware.figures import hardware_view as hardware
from app.kinds.hardware.figures.compared_layer import ROWS, LayerChoice, LayerLines, layer_lines
from app.kinds.hardware.figures.compared_lines import Axis, lines_figure
from app.kinds.hardware.figures.memory_vs_density import size_text
from app.plotting import mean_lines, words
from app.plotting.compared import LINES, Cell, ComparedEntry, ComparedSource, Said, Sheet
from app.plotting.style import LOOKS
from app.plotting.words import Part


def info(source: ComparedSource[LayerChoice]) -> LayerLines:
    """Return the data of the figure, from the series `hardware`."""
    return layer_lines(source, "bytes")


def said(info: LayerLines) -> Said:
    """Return what each run holds at its lowest density, the smallest first, and what dense takes there."""
    title = f"Memory of {LOOKS[info.options.storage].label} against density, {info.what}"
    if not info.lines:
        return Said(title, [Part(info.awaited)], "n = 0", blank=True)
    parts = []
    for place, line in enumerate(sorted(info.lines, key=lambda line: line.end[0])[:LINES]):
        value, density, n = line.end
        whole = f", dense {size_text(float(np.nanmean(line.dense)))}" if np.isfinite(line.dense).any() else ""
        parts += [Part(f"{'; ' if place else ''}{line.name} "), Part(size_text(value), line.role),
                  Part(f" at {words.density(density)}{whole} (n = {n})")]  # fmt: skip
    foot = (
        f"{plural(len(info.lines), 'run')} · line = mean, band = min to max over replicates · parameters, masks and"
        " indices read by a pass; gradients and an optimizer's memory not counted"
    )
    return Said(title, [*parts, Part(f".{info.missing}")], foot)


def draw(info: LayerLines) -> go.Figure:
    """Return the figure, both axes logarithmic: a line for each run."""
    every = np.concatenate([line.values.ravel() for line in info.lines]) if info.lines else np.array([1e3, 1e4])
    axis = Axis("held (kB)", mean_lines.log_range(every / 1000), 1000, ",.1f", " kB")
    return lines_figure(info, said(info), axis)


def table(info: LayerLines) -> dict[str, list[Any]]:
    """Return a row per run, density and replicate; `dense_bytes` is what the dense layer holds."""
    columns: dict[str, list[Any]] = {
        name: []
        for name in ("line", "device", "format", "mode", "layer", "density", "replicate", "bytes", "dense_bytes")
    }
    layer = hardware.key(info.layer) if info.layer else ""
    for line in info.lines:
        for i, j in np.argwhere(np.isfinite(line.values)).tolist():
            row = (line.name, line.device, info.options.storage, info.options.mode, layer, float(line.densities[i]), j,
                   float(line.values[i, j]), float(line.dense[i, j]))  # fmt: skip
            for column, cell in zip(columns.values(), row, strict=True):
                column.append(cell)
    return columns


def sheet(info: LayerLines) -> Sheet | None:
    """Return what each run holds dense and at each density, densest first, with its range and n."""
    if not info.lines:
        return None
    rows = [
        (
            line.role,
            line.name,
            (Cell(line.device), _cell(line.dense), *(_cell(line.values[line.densities == x]) for x in info.densities)),
        )
        for line in info.lines[:ROWS]
    ]
    left = len(info.lines) - ROWS
    more = f"; {plural(left, 'further line')} in the CSV" if left > 0 else ""
    head = ("device", "dense", *(words.density(density) for density in info.densities))
    return Sheet(f"Memory of {LOOKS[info.options.storage].label}, {info.what}{more}", head, tuple(rows))


def _cell(values: Any) -> Cell:
    there = values[np.isfinite(values)]
    if not len(there):
        return Cell("–")
    low, high = size_text(float(there.min())), size_text(float(there.max()))
    spread = "" if low == high else f"{low} to {high}, "
    return Cell(size_text(float(there.mean())), f"{spread}n = {values.shape[1]}")


ENTRY = ComparedEntry(
    "compared_memory",
    "Memory against density",
    "How much memory does a sparse layer need in each of these runs?",
    ("hardware",),
    LayerChoice,
    info,
    said,
    draw,
    table,
    sheet,
)
