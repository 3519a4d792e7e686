"""Speed-up over dense against density, for one layer: measured, and what fewer multiplications would give."""

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
from app.plotting.labels import End
from app.plotting.mean_lines import MeanLine
from app.plotting.replicates import mean
from app.plotting.source import Source
from app.plotting.style import DENSE, FORMATS, LOOKS, SOFT, figure
from app.plotting.words import Part

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
THEORY = "1/density"
_RULE = "faster, slower: the middle half of the repeats lies above, below 1 in every replicate"


class SpeedupInfo(NamedTuple):
    """Speed-ups of one layer by `densities` (n,), in (0, 1] and descending, for each format but dense."""

    view: View
    densities: Floats
    formats: tuple[Format, ...]
    live: bool


def info(source: Source[LayerOptions]) -> SpeedupInfo:
    """Return the data of the figure, from the series `hardware`."""
    spec, view = source.spec(HardwareSpec), hardware.view(source)
    densities = np.array(sorted(spec.densities, reverse=True))
    formats = hardware.formats(source, view, "speedup", densities)
    return SpeedupInfo(view, densities, formats[1:], source.live)


def break_even(densities: Floats, speedup: Floats) -> float | None:
    """Return the density below which a curve stays at or above 1, on straight lines in log-log.

    None where it does not cross: where no point lies below 1, or the sparsest does. NaN points are passed over.
    """
    there = np.isfinite(speedup)
    x, y = np.log(densities[there]), np.log(speedup[there])
    below = np.flatnonzero(y < 0)
    if not len(below) or below[-1] == len(y) - 1:
        return None
    i = below[-1]
    return float(np.exp(x[i] - y[i] / (y[i + 1] - y[i]) * (x[i + 1] - x[i])))


def against_dense(one: Format) -> Ints:
    """Return 1 where a format is faster than dense, −1 where it is slower, 0 where the repeats do not decide.

    Per density.
    Faster: the middle half of the repeats lies above 1 in every replicate; slower: below 1 in every one.
    """
    low, high = (np.where(np.isfinite(end), end, inside) for end, inside in ((one.low, np.inf), (one.high, -np.inf)))
    there = np.isfinite(one.values).any(axis=1)
    verdicts: Ints = np.where(low.min(axis=1) > 1, 1, np.where(high.max(axis=1) < 1, -1, 0)) * there
    return verdicts


def even_at(info: SpeedupInfo, one: Format) -> float | None:
    """Return the break-even of a format that is slower than dense somewhere and faster at the lowest density."""
    signs = against_dense(one)[np.isfinite(one.values).any(axis=1)]
    if not len(signs) or signs[-1] < 1 or not (signs < 0).any():
        return None
    return break_even(info.densities, mean(one.values))


def _compared(info: SpeedupInfo, one: Format) -> list[Part]:
    """Return when a format is faster than dense, and how fast it is at the lowest measured density."""
    there = np.flatnonzero(np.isfinite(one.values).any(axis=1))
    signs, last = against_dense(one)[there], there[-1]
    even = even_at(info, one)
    not_faster = np.flatnonzero(signs < 1)
    if even is not None:
        how = f"breaks even at {words.density(even)}"
    elif (signs > 0).all():
        how = "is faster at every density"
    elif (signs < 0).all():
        how = "is slower at every density"
    elif not signs.any():
        how = "is as fast as dense within the spread of the repeats"
    elif (signs < 1).all():
        how = "is nowhere faster"
    elif signs[-1] > 0:
        how = f"is faster from {words.density(float(info.densities[there[not_faster[-1] + 1]]))} down"
    else:
        how = "is faster only at higher densities"
    at = words.density(info.densities[last])
    part = Part(hardware.times(float(mean(one.values)[last])), one.name)
    spread = "" if signs[-1] else (
        f", middle half of the repeats {words.significant(float(np.nanmin(one.low[last])))} to "
        f"{words.significant(float(np.nanmax(one.high[last])))}×"
    )  # fmt: skip
    return [Part(f"{LOOKS[one.name].phrase} {how} ("), part, Part(f" at {at}{spread})")]


def finding(info: SpeedupInfo) -> list[Part]:
    """Return device, layer and mode, and for each format where it breaks even."""
    there = [item for item in info.formats if np.isfinite(item.values).any()]
    if not there:
        if info.view.layer is None:
            return [Part("Nothing to show: this run times no layer by itself.")]
        return [Part("The first point appears with the first measurement." if info.live
                     else "Nothing to show: no timing succeeded.")]  # fmt: skip
    return [Part(f"{info.view.title}: "), *words.listed([_compared(info, item) for item in there]), Part(".")]


def draw(info: SpeedupInfo) -> go.Figure:
    """Draw the figure, both axes logarithmic: theory, dense, and a line for each format with its break-even marked."""
    lowest = float(info.densities[-1])
    every = np.concatenate([item.values.ravel() for item in info.formats])
    low = math.log10(min(0.25, float(np.nanmin(every, initial=0.25))))
    high = math.log10(max(1 / lowest, 4.0, float(np.nanmax(every, initial=1.0))))
    y_range = (low - 0.05, high + 0.08)
    at = [f"{FORMATS[item.name].label}" for item in info.formats]
    ends_x = np.array([1.0, lowest])
    data: list[dict[str, Any]] = [
        _line(SOFT, THEORY, 100 * ends_x, 1 / ends_x, "dot"),
        _line(DENSE, "dense", 100 * ends_x, np.ones(2), "solid"),
    ]
    ends: list[End | None] = [End(SOFT, THEORY, 100 * lowest, 1 / lowest), End(DENSE, "dense = 1", 100 * lowest, 1.0)]
    marks: list[End] = []
    for one, label in zip(info.formats, at, strict=True):
        names = [label] * len(info.densities)
        line = MeanLine(one.name, label, 100 * info.densities, one.values, names, ".2f", "×")
        data += mean_lines.traces(line, log_y=True)
        ends.append(mean_lines.end(line, label))
        if (even := even_at(info, one)) is not None:
            data.append(_mark(one.name, 100 * even))
            marks.append(End(one.name, f"even at {words.density(even)}", 100 * even, 0.0))
    xaxis = density_axis(lowest)
    return figure(
        data,
        title="Speed-up against density",
        finding=finding(info),
        foot=" · ".join([*hardware.notes(info.formats, info.view), "dotted: 1/density, the ratio of multiplications",
                         "ring: break-even", _RULE]),
        n=int(hardware.n_of(info.formats).max(initial=0)),
        xaxis=xaxis,
        yaxis=mean_lines.log_axis("speed-up over dense (×)", y_range),
        annotations=[
            *mean_lines.annotations(ends, y_range, log_x=True, log_y=True, gap=0.055, descending=True),
            *mean_lines.above(marks, (math.log10(100 * lowest), 2.0), y_range, log_x=True),
        ],
        right=labels.margin([look.label for look in FORMATS.values()]),
    )  # fmt: skip


def _line(role: str, name: str, x: Floats, y: Floats, dash: str) -> dict[str, Any]:
    return {
        "type": "scatter", "mode": "lines", "name": name, "x": x, "y": y, "hoverinfo": "skip",
        "line": {"color": LOOKS[role].color, "width": 1.2, "dash": dash}, "meta": {"role": role, "part": "reference"},
    }  # fmt: skip


def _mark(role: str, x: float) -> dict[str, Any]:
    color = LOOKS[role].color
    return {
        "type": "scatter", "mode": "markers", "x": [x], "y": [1.0], "hoverinfo": "skip",
        "marker": {"symbol": "circle-open", "size": 13, "color": color, "line": {"width": 2, "color": color}},
        "meta": {"role": role, "part": "break_even"},
    }  # fmt: skip


def table(info: SpeedupInfo) -> dict[str, list[Any]]:
    """Return one row per format, density and replicate; refused ones have no speed-up but a reason."""
    columns: dict[str, list[Any]] = {
        name: [] for name in ("format", "density", "replicate", "speedup", "energy_j", "refused", "theory")
    }  # fmt: skip
    for one in info.formats:
        for i, j in np.ndindex(one.values.shape):
            if np.isfinite(one.values[i, j]) or one.refused[i]:
                row = (one.name, float(info.densities[i]), j, float(one.values[i, j]), float(one.energy[i, j]),
                       one.refused[i], 1 / float(info.densities[i]))  # fmt: skip
                for column, value in zip(columns.values(), row, strict=True):
                    column.append(value)
    return columns


ENTRY = FigureEntry(
    "speedup_vs_density",
    "Speed-up against density",
    "Below which density is a sparse layer faster than the dense one on this machine?",
    ("hardware",),
    LayerOptions,
    info,
    draw,
    table,
    wanted=has_layers,
)
