"""Speed-up over dense of one format, of several hardware runs: machines, dtypes or versions side by side."""

import math
from typing import Any, Literal, NamedTuple

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from pydantic import Field

from app.contract.experiment import FieldError
from app.contract.words import plural
from app.kinds.hardware.figures import hardware_view as hardware
from app.kinds.hardware.figures import speedup_vs_density
from app.kinds.hardware.figures.hardware_view import LayerOptions
from app.kinds.hardware.spec import HardwareSpec
from app.plotting import labels, mean_lines, replicates, words
from app.plotting.compared import LABELS, LINES, Cell, ComparedEntry, ComparedSource, Said, Sheet, shorts
from app.plotting.density_axis import density_axis
from app.plotting.mean_lines import MeanLine
from app.plotting.source import Options, Source
from app.plotting.style import DENSE, LOOKS, figure
from app.plotting.words import Part

Floats = NDArray[np.float64]
ROWS = 24
"""Lines that the table under the figure has."""


class SpeedupOptions(Options):
    """Which format, mode and batch size; None is what the first run has first. `layer` is as inputs×units."""

    storage: Literal["csr", "masked_dense", "compacted", "structured", "semi_structured"] = "csr"
    mode: Literal["inference", "training"] = "inference"
    layer: str = Field("", max_length=12)


class Line(NamedTuple):
    """Speed-ups of one run by `densities` (n,): `values` (n, n_replicates); `at` says of what and on which device."""

    role: str
    name: str
    device: str
    densities: Floats
    values: Floats


class SpeedupInfo(NamedTuple):
    """The runs that time this layer in this mode and format, and the names of those that do not."""

    options: SpeedupOptions
    layer: tuple[int, int] | None
    lines: tuple[Line, ...]
    others: tuple[str, ...]
    live: bool


def info(source: ComparedSource[SpeedupOptions]) -> SpeedupInfo:
    """Return the data of the figure, from the series `hardware`."""
    layer = _layer(source)
    lines, others = [], []
    for group in source.groups:
        for measured in group.runs:
            line = _line(measured.run, measured.series, group.role, source.options, layer)
            name = group.name if len(group.runs) == 1 else f"{group.name}: {measured.run.name}"
            if line is None:
                others.append(name)
            else:
                lines.append(line._replace(name=name))
    return SpeedupInfo(source.options, layer, tuple(lines), tuple(others), source.live)


def _layer(source: ComparedSource[SpeedupOptions]) -> tuple[int, int] | None:
    """Return the chosen layer, else the one that most runs time. Raises FieldError for one that none times."""
    counts: dict[tuple[int, int], int] = {}
    for run in source.runs:
        for layer in run.spec.layers if isinstance(run.spec, HardwareSpec) else ():
            counts[layer] = counts.get(layer, 0) + 1
    chosen = {hardware.key(layer): layer for layer in counts}
    if source.options.layer and source.options.layer not in chosen:
        raise FieldError("layer", f"must be one of {', '.join(chosen) or 'the layers of these runs, which have none'}")
    return chosen.get(source.options.layer) or max(counts, key=lambda layer: counts[layer], default=None)


def _line(run: Any, series: Any, role: str, options: SpeedupOptions, layer: tuple[int, int] | None) -> Line | None:
    spec = run.spec
    timed = (
        layer is not None and layer in spec.layers and options.mode in spec.modes and options.storage in spec.formats
    )
    if not timed or layer is None:
        return None
    one = Source(run, LayerOptions(mode=options.mode, layer=hardware.key(layer)), series)
    data = speedup_vs_density.info(one)
    values = next((item.values for item in data.formats if item.name == options.storage), np.zeros((0, 0)))
    if not np.isfinite(values).any():
        return None
    return Line(role, "", data.view.device, data.densities, values)


def said(info: SpeedupInfo) -> Said:
    """Return the words of the figure: each run at its lowest density, the fastest first, and what is not compared."""
    label = LOOKS[info.options.storage].label
    what = f"{info.options.mode} of {hardware.size(info.layer)}" if info.layer else info.options.mode
    title = f"Speed-up of {label} against density, {what}"
    missing = f" {plural(len(info.others), 'run')} without such a measurement left out." if info.others else ""
    if not info.lines:
        none = "The first point appears with the first measurement." if info.live else (
            "Nothing to show: no two runs time the same layer in this format and mode."
        )  # fmt: skip
        return Said(title, [Part(none)], "n = 0", blank=True)
    ends = []
    for line in info.lines:
        mean = replicates.mean(line.values)
        last = int(np.flatnonzero(np.isfinite(mean))[-1])
        ends.append((float(mean[last]), line, float(line.densities[last]), int(np.isfinite(line.values[last]).sum())))
    parts = []
    for place, (value, line, density, n) in enumerate(sorted(ends, key=lambda end: -end[0])[:LINES]):
        parts += [Part(f"{'; ' if place else ''}{line.name} on {line.device} "), Part(hardware.times(value), line.role),
                  Part(f" at {words.density(density)} (n = {n})")]  # fmt: skip
    devices = {line.device for line in info.lines}
    foot = f"{plural(len(info.lines), 'run')} on {plural(len(devices), 'device')}"
    spread = "line = mean, band = min to max over replicates · each point over dense on the same device in the same run"
    return Said(title, [*parts, Part(f".{missing}")], f"{foot} · {spread}")


def draw(info: SpeedupInfo) -> go.Figure:
    """Draw the figure, both axes logarithmic: a line for each run, and dense at 1."""
    names = shorts(line.name for line in info.lines)
    lowest = min((float(line.densities[-1]) for line in info.lines), default=0.5)
    every = np.concatenate([line.values.ravel() for line in info.lines]) if info.lines else np.ones(1)
    y_range = (
        math.log10(min(0.5, float(np.nanmin(every)))) - 0.05, math.log10(max(2.0, float(np.nanmax(every)))) + 0.08
    )  # fmt: skip
    data: list[dict[str, Any]] = []
    ends: list[labels.End | None] = []
    if info.lines:
        data.append({
            "type": "scatter", "mode": "lines", "name": "dense", "x": [100.0, 100 * lowest], "y": [1.0, 1.0],
            "hoverinfo": "skip", "line": {"color": LOOKS[DENSE].color, "width": 1.2},
            "meta": {"role": DENSE, "part": "reference"},
        })  # fmt: skip
    for line in reversed(info.lines):
        at = [line.name] * len(line.densities)
        mean = MeanLine(line.role, line.name, 100 * line.densities, line.values, at, ".2f", "×")
        data += mean_lines.traces(mean, band=len(info.lines) <= LINES, log_y=True)
        ends.append(mean_lines.end(mean, names[line.name]))
    named = len(ends) <= LABELS
    return figure(
        data,
        **said(info).layout,
        n=max((line.values.shape[1] for line in info.lines), default=0),
        xaxis=density_axis(min(lowest, 0.5)),
        yaxis=mean_lines.log_axis("speed-up over dense (×)", y_range),
        annotations=mean_lines.annotations(ends, y_range, log_x=True, log_y=True, descending=True) if named else (),
        right=labels.margin(list(names.values())) if named else 16,
        hovermode="x unified" if named else "closest",
    )


def table(info: SpeedupInfo) -> dict[str, list[Any]]:
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


def sheet(info: SpeedupInfo) -> Sheet | None:
    """Return the machine of each run and its speed-up at each density, densest first, with least, most and n."""
    if not info.lines:
        return None
    densities = sorted({float(density) for line in info.lines for density in line.densities}, reverse=True)
    rows = [
        (line.role, line.name, (Cell(line.device), *(_cell(line, density) for density in densities)))
        for line in info.lines[:ROWS]
    ]
    left = len(info.lines) - ROWS
    more = f"; {plural(left, 'further line')} in the CSV" if left > 0 else ""
    layer = f", {info.options.mode} of {hardware.size(info.layer)}" if info.layer else ""
    head = ("device", *(words.density(density) for density in densities))
    return Sheet(f"{LOOKS[info.options.storage].label} over dense{layer}{more}", head, tuple(rows))


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
    SpeedupOptions,
    info,
    said,
    draw,
    table,
    sheet,
)
