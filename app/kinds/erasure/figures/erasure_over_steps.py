"""How the picture fades, how far the matrix moves and what is learned, over the steps of training."""

import math
from typing import Any

import numpy as np
import plotly.graph_objects as go

from app.kinds.erasure.figures.steps_data import StepsInfo, StepsOptions, info
from app.kinds.erasure.figures.steps_words import finding, foot, null
from app.kinds.erasure.figures.trajectory import Trajectory
from app.plotting import labels, mean_lines, step_axis
from app.plotting.density_curves import rgba
from app.plotting.entry import FigureEntry
from app.plotting.mean_lines import MeanLine
from app.plotting.style import LOOKS, SOFT, axis, figure
from app.plotting.words import brief

_BANDS = 8


def _alpha(info: StepsInfo, trajectory: Trajectory) -> float:
    """Return the opacity of a line: lighter for smaller rates, so that those of one optimizer differ."""
    rates = sorted({other.lr for other in info.trajectories if other.optimizer == trajectory.optimizer})
    return 1.0 if len(rates) == 1 else round(0.4 + 0.6 * rates.index(trajectory.lr) / (len(rates) - 1), 2)


def _line(info: StepsInfo, trajectory: Trajectory) -> MeanLine:
    name = f"{LOOKS[trajectory.optimizer].label} lr {brief(trajectory.lr)}"
    if not trajectory.marked:
        name += ", no picture"
    return MeanLine(
        trajectory.optimizer,
        name,
        step_axis.place(trajectory.steps),
        info.scale.factor * trajectory.values,
        [f"{name}<br>step {step:,}" for step in trajectory.steps.tolist()],
        "" if info.scale.log else f".{int(info.scale.form[1]) + 1}f",
        info.scale.unit,
        alpha=_alpha(info, trajectory),
        dash="" if trajectory.marked else "1px,3px",
        width=2.0 if trajectory.marked else 1.3,
        marked=trajectory.marked,
        part="mean" if trajectory.marked else "twin",
    )


def _strip(info: StepsInfo) -> list[dict[str, Any]]:
    interval = null(info) if info.measure == "visibility" else None
    if interval is None:
        return []
    x, low, high = interval
    edge = {"type": "scatter", "mode": "lines", "x": x, "line": {"width": 0}, "hoverinfo": "skip",
            "meta": {"role": SOFT, "part": "null"}}  # fmt: skip
    return [{**edge, "y": low}, {**edge, "y": high, "fill": "tonexty", "fillcolor": rgba(LOOKS[SOFT].color, 0.16)}]


def _lost(info: StepsInfo) -> list[dict[str, Any]]:
    """Return diverged trainings of each optimizer in one trace: a thin line as far as measured, a cross at its end."""
    out = []
    for ends in info.ends:
        x: list[float] = []
        y: list[float] = []
        size: list[int] = []
        text: list[str] = []
        for one in (c for c in info.trajectories if c.optimizer == ends.optimizer and c.marked):
            for lost in one.lost:
                values = info.scale.factor * lost.values
                there = np.isfinite(values) & ((values > 0) | (not info.scale.log))
                if not there.any():
                    continue
                steps, values = lost.steps[there], values[there]
                end = float(values[-1])
                x += [*step_axis.place(steps).tolist(), float(step_axis.place(np.array([lost.diverged_step]))[0]),
                      math.nan]  # fmt: skip
                y += [*values.tolist(), end, math.nan]
                size += [*([0] * len(steps)), 10, 0]
                words_ = (f"{LOOKS[ends.optimizer].label} lr {brief(one.lr)}, replicate {lost.replicate}<br>diverged "
                          f"at step {lost.diverged_step:,}; last measured at step {steps[-1]:,}")  # fmt: skip
                text += [words_] * (len(steps) + 1) + [""]
        if x:
            look = LOOKS[ends.optimizer]
            out.append(
                {
                    "type": "scatter", "mode": "lines+markers", "name": look.label, "x": np.array(x), "y": np.array(y),
                    "text": text, "hovertemplate": "%{text}<extra></extra>",
                    "line": {"color": look.color, "width": 0.8, "dash": look.dash},
                    "marker": {"symbol": "x-thin", "size": size, "opacity": 1, "color": look.color,
                               "line": {"width": 1.8, "color": look.color}},
                    "meta": {"role": ends.optimizer, "part": "diverged"},
                }
            )  # fmt: skip
    return out


def _range(info: StepsInfo, lines: list[MeanLine]) -> tuple[float, float]:
    values = np.concatenate([line.values.ravel() for line in lines]) if lines else np.zeros(0)
    values = values[np.isfinite(values)]
    if info.scale.log:
        return mean_lines.log_range(values)
    low, high = {"visibility": (0.45, 1.0) if info.two_level else (-0.05, 0.5), "movement": (0.0, 0.1)}.get(
        info.measure, (0.0, info.scale.factor)
    )
    low, high = min(low, float(values.min(initial=low))), max(high, float(values.max(initial=high)))
    room = 0.03 * (high - low)
    return (low - room if low < 0 or info.measure == "visibility" else low), high + room


def draw(info: StepsInfo) -> go.Figure:
    """Draw the figure: a line for each training, the null strip below all."""
    lines = [_line(info, trajectory) for trajectory in info.trajectories]
    y_range = _range(info, lines)
    bands = len(lines) <= _BANDS
    data = [trace for line in reversed(lines)
            for trace in mean_lines.traces(line, band=bands and line.part == "mean", log_y=info.scale.log)]  # fmt: skip
    ends = [mean_lines.end(line, line.name) for line in lines if line.part == "mean"]
    name = {"visibility": "Visibility of the picture", "loss": "Loss"}.get(
        info.measure, info.scale.title.split(" (")[0]
    )
    return figure(
        [*_strip(info), *data, *_lost(info)],
        title=f"{name[0].upper()}{name[1:]} over steps",
        finding=finding(info),
        foot=foot(info),
        n=max((trajectory.n for trajectory in info.trajectories), default=0),
        xaxis=step_axis.step_axis(info.steps),
        yaxis=mean_lines.log_axis(info.scale.title, y_range) if info.scale.log
        else axis(info.scale.title, range=list(y_range)),
        annotations=mean_lines.annotations(ends, y_range, log_y=info.scale.log, gap=0.06),
        right=labels.margin([f"{LOOKS[end.optimizer].label} lr {brief(lr)}" for end in info.ends
                             for lr in end.lrs.tolist()]),
        hovermode="closest",
    )  # fmt: skip


def table(info: StepsInfo) -> dict[str, list[Any]]:
    """Return one row per training and step that is in a mean or was measured before it diverged."""
    columns: dict[str, list[Any]] = {
        name: [] for name in ("optimizer", "lr", "picture", "replicate", "diverged_step", "step", info.measure)
    }  # fmt: skip
    for trajectory in info.trajectories:
        rows = [(j, None, trajectory.steps, trajectory.values[:, j]) for j in range(trajectory.values.shape[1])]
        lost = [(one.replicate, one.diverged_step, one.steps, one.values) for one in trajectory.lost]
        for replicate, diverged, steps, values in (*rows, *lost):
            finite = np.isfinite(values)
            for step, value in zip(steps[finite].tolist(), values[finite].tolist(), strict=True):
                row = (trajectory.optimizer, trajectory.lr, trajectory.marked, replicate, diverged, step, value)
                for column, cell in zip(columns.values(), row, strict=True):
                    column.append(cell)
    return columns


ENTRY = FigureEntry(
    "erasure_over_steps",
    "Erasure over steps",
    "When does the picture fade, and how far has the matrix moved by then?",
    ("erasure", "ending"),
    StepsOptions,
    info,
    draw,
    table,
)
