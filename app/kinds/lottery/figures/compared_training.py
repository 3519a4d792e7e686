"""Training curves of several runs at one level, by optimizer step or by time."""

import math
from typing import Any

import numpy as np
import plotly.graph_objects as go

from app.contract.words import plural
from app.kinds.lottery.figures.compared_training_data import Line, TrainingInfo, TrainingOptions, info
from app.plotting import labels, words
from app.plotting.compared import LABELS, LINES, ComparedEntry, Said, shorts
from app.plotting.density_curves import rgba
from app.plotting.style import LOOKS, POWERS, axis, figure
from app.plotting.words import Part

_SAID = 8
"""Lines that the sentence cites."""


def _is_accuracy(info: TrainingInfo) -> bool:
    return info.options.metric.endswith("accuracy")


def _written(info: TrainingInfo, value: float) -> str:
    return words.accuracy(value) if _is_accuracy(info) else f"{words.significant(value)} nats"


def _which(info: TrainingInfo) -> str:
    return "the dense network" if info.options.level == 0 else f"level {info.options.level}"


def finding(info: TrainingInfo) -> list[Part]:
    """Return where each line is at its last step, the best first."""
    which, metric = _which(info), info.options.metric.replace("_", " ")
    there = [line for line in info.lines if len(line.step)]
    lost = sum(line.diverged for line in info.lines)
    gone = f"; {plural(lost, 'training')} diverged" if lost else ""
    if not there:
        if lost:
            return [Part(f"{which[0].upper()}{which[1:]}: every training diverged.")]
        if info.live:
            return [Part(f"The first point appears when {which} is first evaluated.")]
        return [Part(f"Nothing to show: {which} was not trained in any of these runs.")]
    ranked = sorted(there, key=lambda line: line.mean[-1], reverse=_is_accuracy(info))
    ends = {int(line.step[-1]) for line in there}
    same = f" after {words.count(ends.pop())} steps" if len(ends) == 1 else " after the last step of each"
    parts = [Part(f"{which[0].upper()}{which[1:]}, {metric}{same}: ")]
    for place, line in enumerate(ranked[:_SAID]):
        runs = f" of {line.runs} runs" if line.runs > 1 else ""
        n = f"n = {plural(line.n, 'replicate')}{runs}" if runs else f"n = {line.n}"
        parts += [Part(f"{', ' if place else ''}{line.name} "), Part(_written(info, float(line.mean[-1])), line.role),
                  Part(f" ({n})")]  # fmt: skip
    rest = ranked[_SAID:]
    if rest:
        first, last = (_written(info, float(line.mean[-1])) for line in (rest[0], rest[-1]))
        parts.append(Part(f", {plural(len(rest), 'other')} from {first} to {last}"))
    return [*parts, Part(f"{gone}{'. Still running.' if info.live else '.'}")]


def foot(info: TrainingInfo) -> str:
    """Return n, what lines and bands are, how they are smoothed, and what the time is."""
    counts = [line.n for line in info.lines if len(line.step)]
    if not counts:
        return "n = 0"
    weight = info.options.smoothing
    notes = [f"n = {words.replicates(counts)}"]
    if weight:
        notes.append(f"thick: moving average of the mean, {weight} % of the weight on the points before · thin: the "
                     "mean as measured")  # fmt: skip
    else:
        notes.append("line = mean, up to the last step that all replicates have reached")
    if max(counts) > 1:
        notes.append("band = min to max over replicates" if len(info.lines) <= LINES else
                     f"bands left out of more than {LINES} lines")  # fmt: skip
    if info.options.by == "wall-clock":
        notes.append("time since the first evaluation was stored, mean over replicates, true to about half a second, "
                     "waits included")  # fmt: skip
    return " · ".join([*notes, plural(info.runs, "run")])


def said(info: TrainingInfo) -> Said:
    """Return the words of the figure."""
    metric = info.options.metric.replace("_", " ")
    title = f"{metric[0].upper()}{metric[1:]} while training, {_which(info)}"
    return Said(title, finding(info), foot(info), blank=not any(len(line.step) for line in info.lines))


def draw(info: TrainingInfo) -> go.Figure:
    """Draw the figure: a mean for each line with its band.

    Where it is smoothed, the mean as measured is thin behind it.
    """
    names = shorts(line.name for line in info.lines)
    scale = 100.0 if _is_accuracy(info) else 1.0
    there = [line for line in info.lines if len(line.step)]
    by_time = info.options.by == "wall-clock"
    y_range = _range(there, scale)
    data: list[dict[str, Any]] = []
    ends: list[labels.End] = []
    for line in reversed(there):
        x = line.seconds if by_time else line.step
        data += _traces(line, x, scale, info)
        y = line.smooth if info.options.smoothing else line.mean
        ends.append(labels.End(line.role, names[line.name], float(x[-1]), float(scale * y[-1])))
    last = max((float(line.seconds[-1]) for line in there), default=1.0) if by_time else info.steps
    metric = info.options.metric.replace("_", " ")
    named = len(ends) <= LABELS
    title = "time since the first evaluation (s)" if by_time else "optimizer step"
    return figure(
        data,
        **said(info).layout,
        n=max((line.n for line in there), default=0),
        xaxis=axis(title, range=[0, 1.01 * max(last, 1e-3)], **({} if by_time else {"tickformat": ",d"}),
                   unifiedhovertitle={"text": "%{x:,.1f} s" if by_time else "step %{x:,d}"}),
        yaxis=axis(f"{metric} ({'%' if scale == 100 else 'nats'})", range=list(y_range), **(
            {} if scale == 100 else POWERS)),
        annotations=labels.annotations(ends, y_range) if named else (),
        right=labels.margin(list(names.values())) if named else 16,
        hovermode="x unified" if named else "closest",
    )  # fmt: skip


def _range(lines: list[Line], scale: float) -> tuple[float, float]:
    """Return the ends of the y axis: what happens after the first tenth of each training, with room."""
    after = [scale * values[line.step >= 0.1 * line.step[-1]] for line in lines for values in (line.low, line.high)]
    values = np.concatenate(after) if after else np.zeros(0)
    if scale == 100:
        if not len(values):
            return 0.0, 101.0
        low = max(0.0, math.floor(float(np.quantile(values, 0.02)) / 10) * 10.0 - 5.0)
        return low, 100 + 0.02 * (100 - low)
    return (0.0, 1.1 * float(np.quantile(values, 0.98))) if len(values) else (0.0, 2.5)


def _traces(line: Line, x: Any, scale: float, info: TrainingInfo) -> list[dict[str, Any]]:
    look = LOOKS[line.role]
    base = {"type": "scatter", "mode": "lines", "x": np.asarray(x, np.float32)}
    out: list[dict[str, Any]] = []
    if line.n > 1 and len(info.lines) <= LINES:
        edge = {**base, "line": {"width": 0}, "hoverinfo": "skip", "meta": {"role": line.role, "part": "band"}}
        out.append({**edge, "y": (scale * line.low).astype(np.float32)})
        out.append({**edge, "y": (scale * line.high).astype(np.float32), "fill": "tonexty",
                    "fillcolor": rgba(look.color, 0.12)})  # fmt: skip
    if info.options.smoothing:
        thin = {"color": look.color, "width": 0.8}
        out.append({**base, "y": (scale * line.mean).astype(np.float32), "opacity": 0.5, "hoverinfo": "skip",
                    "line": thin, "meta": {"role": line.role, "part": "raw"}})  # fmt: skip
    y = line.smooth if info.options.smoothing else line.mean
    unit = " %" if scale == 100 else " nats"
    out.append({
        **base, "name": line.name, "y": (scale * y).astype(np.float32),
        "hovertemplate": f"%{{y:.{1 if scale == 100 else 4}f}}{unit}",
        "line": {"color": look.color, "width": 2, "dash": look.dash}, "meta": {"role": line.role, "part": "mean"},
    })  # fmt: skip
    return out


def table(info: TrainingInfo) -> dict[str, list[Any]]:
    """Return a row per line and step drawn; accuracy in [0, 1], loss in nats; `smoothed` is empty where nothing is."""
    columns: dict[str, list[Any]] = {
        name: [] for name in ("group", "runs", "n", "level", "step", "seconds", info.options.metric, "low", "high",
                              "smoothed")
    }  # fmt: skip
    for line in info.lines:
        for i, step in enumerate(line.step.tolist()):
            smooth = float(line.smooth[i]) if info.options.smoothing else None
            row = (line.name, line.runs, line.n, info.options.level, step, float(line.seconds[i]), float(line.mean[i]),
                   float(line.low[i]), float(line.high[i]), smooth)  # fmt: skip
            for column, cell in zip(columns.values(), row, strict=True):
                column.append(cell)
    return columns


ENTRY = ComparedEntry(
    "compared_training",
    "Training curves",
    "Which of these runs learns faster?",
    ("evaluation", "outcome"),
    TrainingOptions,
    info,
    said,
    draw,
    table,
    level=lambda options: int(options.level),
)
