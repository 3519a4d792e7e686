"""Training curves of every control at one level: each training a thin line, the mean over replicates a thick one."""

import math
from typing import Any

import numpy as np
import plotly.graph_objects as go

from app.contract.words import plural
from app.kinds.lottery.figures.diverged import cross, summary
from app.kinds.lottery.figures.training_data import MAX_LINES, TrainingInfo, TrainingOptions, info, reads
from app.plotting import labels, predictions, words
from app.plotting.density_curves import FOOT_AXIS
from app.plotting.entry import FigureEntry
from app.plotting.style import DENSE, LOOKS, POWERS, axis, figure
from app.plotting.words import Part


def _role(info: TrainingInfo, control: str) -> str:
    """Return the role of a line: level 0 of the ticket is the dense network, and looks like it."""
    return DENSE if info.level == 0 else control


def _is_accuracy(metric: str) -> bool:
    return metric.endswith("accuracy")


def finding(info: TrainingInfo) -> list[Part]:
    """Return the means at the last step that all of them have."""
    which = "the dense network" if info.level == 0 else f"level {info.level}"
    if not info.lines:
        if info.live:
            return [Part(f"The first point appears when {which} is first evaluated.")]
        return [Part(f"Nothing to show: {which} was not trained.")]
    share = f" ({words.density(info.density)} of the weights)" if info.density is not None and info.level else ""
    name = info.metric.replace("_", " ")
    means = [mean for mean in info.means if len(mean.step)]
    lost = summary(info.diverged, info.trainings)
    if not means and lost:
        return [Part(f"{which[0].upper()}{which[1:]}{share}: {lost}.")]
    if not means:
        return [Part(f"The trainings of {which} have no step in common yet.")]
    last = min(int(mean.step[-1]) for mean in means)
    parts = []
    for mean in means:
        at = int(np.searchsorted(mean.step, last, side="right")) - 1
        value = float(mean.value[at])
        written = words.accuracy(value) if _is_accuracy(info.metric) else predictions.loss(value, text=info.text)
        role = _role(info, mean.control)
        parts.append([Part("" if info.level == 0 else f"{LOOKS[role].phrase} "), Part(written, role)])
    return [
        Part(f"{which[0].upper()}{which[1:]}{share}, {name} after {words.count(last)} of {words.count(info.steps)} "
             "steps: "),
        *words.listed(parts),
        Part(f"; {lost}." if lost else "."),
        *([Part(f" {info.collapsed}")] if info.collapsed else []),
    ]  # fmt: skip


def foot(info: TrainingInfo) -> str:
    """Return n, what the lines are, and how many are left out."""
    n = max((mean.n for mean in info.means), default=0)
    crosses = f"× {plural(len(info.diverged), 'diverged training')}; not in the mean" if info.diverged else ""
    if n == 0:
        return " · ".join(filter(None, ["n = 0", crosses]))
    notes = [f"n = {plural(n, 'replicate')}"]
    if len(info.lines) > len(info.means):
        notes.append("thin lines: trainings · thick: mean, up to the last step that all have reached")
    if len(info.lines) < info.trainings:
        notes.append(f"{len(info.lines)} of {info.trainings} trainings drawn, all in the mean")
    notes += [crosses] if crosses else []
    if _is_accuracy(info.metric):
        low, _ = value_range(info)
        if any((100 * line.value[np.isfinite(line.value)] < low).any() for line in info.lines):
            notes.append(f"the axis starts at {low:g} %: lower values lie below it")
        notes += [info.chance] if info.chance else []
    return " · ".join(notes)


def value_range(info: TrainingInfo) -> tuple[float, float]:
    """Return the ends of the y axis, in per cent or nats: what happens after the first tenth of the training."""
    after = [line.value[line.step >= 0.1 * info.steps] for line in info.lines]
    values = np.concatenate(after) if after else np.zeros(0)
    if _is_accuracy(info.metric):
        if not len(values):
            return 0.0, 101.0
        low = max(0.0, math.floor(10 * float(np.quantile(values, 0.02))) * 10.0 - 10.0)
        return low, 100 + 0.02 * (100 - low)
    return (0.0, 1.1 * float(np.quantile(values, 0.98))) if len(values) else (0.0, 2.5)


def draw(info: TrainingInfo) -> go.Figure:
    """Draw the figure; the x axis always reaches to the last step."""
    scale = 100.0 if _is_accuracy(info.metric) else 1.0
    y_range = value_range(info)
    data: list[dict[str, Any]] = []
    ends: list[labels.End] = []
    several = len(info.lines) > len(info.means)
    for control in reversed(info.planned):
        role = _role(info, control)
        mine = [line for line in info.lines if line.control == control]
        if several and mine:
            x = np.concatenate([np.append(line.step.astype(np.float32), np.nan) for line in mine])
            y = np.concatenate([np.append(scale * line.value, np.nan) for line in mine])
            data.append(
                {
                    "type": "scatter", "mode": "lines", "hoverinfo": "skip", "x": x, "y": y.astype(np.float32),
                    "opacity": 0.35, "line": {"color": LOOKS[role].color, "width": 0.8},
                    "meta": {"role": role, "part": "replicate"},
                }
            )  # fmt: skip
    for mean in reversed(info.means):
        role = _role(info, mean.control)
        look = LOOKS[role]
        losses = [] if scale == 100 else [predictions.loss(item, text=info.text) for item in mean.value.tolist()]
        y = (scale * mean.value).astype(np.float32)
        data.append(
            {
                "type": "scatter", "mode": "lines", "name": look.label, "x": mean.step, "y": y,
                "hovertemplate": "%{y:.1f} %" if scale == 100 else "%{text}",
                "text": losses,
                "line": {"color": look.color, "width": 2, "dash": look.dash},
                "meta": {"role": role, "part": "mean"},
            }
        )  # fmt: skip
        if len(y):
            ends.append(labels.End(role, look.label, float(mean.step[-1]), float(y[-1])))
    data += [
        cross(training, _role(info, training.control), number)
        for number, training in enumerate(info.diverged[:MAX_LINES])
    ]
    which = info.metric.replace("_", " ")
    return figure(
        data,
        title=f"{which[0].upper()}{which[1:]} while training, level {info.level}",
        finding=finding(info),
        foot=foot(info),
        n=max((mean.n for mean in info.means), default=0),
        xaxis=axis("optimizer step", range=[0, 1.01 * info.steps], tickformat=",d",
                   unifiedhovertitle={"text": "step %{x:,d}"}),
        yaxis=axis(f"{which} ({'%' if scale == 100 else 'nats'})", range=list(y_range), **(
            {} if scale == 100 else POWERS)),
        yaxis2=FOOT_AXIS,
        annotations=labels.annotations(ends, y_range),
        right=labels.margin([LOOKS[name].label for name in info.planned]),
    )  # fmt: skip


def table(info: TrainingInfo) -> dict[str, list[Any]]:
    """Return one row per training and evaluation drawn; accuracy in [0, 1], loss in nats."""
    lines = info.lines
    ends = {(item.control, item.replicate, item.draw): item.step for item in info.diverged}
    return {
        "level": [info.level for line in lines for _ in line.step],
        "density": [info.density for line in lines for _ in line.step],
        "control": [line.control for line in lines for _ in line.step],
        "replicate": [line.replicate for line in lines for _ in line.step],
        "draw": [line.draw for line in lines for _ in line.step],
        "step": [step for line in lines for step in line.step.tolist()],
        info.metric: [value for line in lines for value in line.value.tolist()],
        "diverged_step": [
            ends.get((line.control, line.replicate or 0, line.draw or 0)) for line in lines for _ in line.step
        ],
    }


ENTRY = FigureEntry(
    "training_curves",
    "Training curves",
    "How do the ticket and its controls learn at one level?",
    ("evaluation", "layers", "outcome"),
    TrainingOptions,
    info,
    draw,
    table,
    reads_of=reads,
    collapses=True,
)
