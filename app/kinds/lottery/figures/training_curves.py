"""Training curves of every control at one level: each training a thin line, the mean over replicates a thick one."""

import math
from typing import Any, Literal, NamedTuple

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from pydantic import Field

from app.contract.events import WINNING_TICKET
from app.contract.words import plural
from app.kinds.lottery.figures.diverged import Diverged, cross, lost_at, summary, without
from app.kinds.lottery.spec import LotterySpec
from app.plotting import collapse, labels, words
from app.plotting.density_curves import FOOT_AXIS
from app.plotting.entry import FigureEntry, Reads
from app.plotting.replicates import present
from app.plotting.source import Options, Source
from app.plotting.style import DENSE, LOOKS, POWERS, axis, figure
from app.plotting.words import Part
from app.records import Series

Metric = Literal["test_accuracy", "validation_accuracy", "validation_loss", "test_loss", "train_loss"]
MAX_POINTS = 1_000
MAX_LINES = 100


class TrainingOptions(Options):
    """Which level (0 = dense) and which column of the series `evaluation`."""

    level: int = Field(0, ge=0, le=1_000)
    metric: Metric = "test_accuracy"


class Line(NamedTuple):
    """A downsampled curve; `replicate` and `draw` are None for a mean over `n` replicates."""

    control: str
    replicate: int | None
    draw: int | None
    n: int
    step: NDArray[np.int32]
    value: NDArray[np.float64]


class TrainingInfo(NamedTuple):
    """Lines and means of one level, accuracy in [0, 1], loss in nats; `trainings` counts also lines not drawn."""

    level: int
    metric: Metric
    density: float | None
    steps: int
    lines: tuple[Line, ...]
    means: tuple[Line, ...]
    trainings: int
    planned: tuple[str, ...]
    live: bool
    collapsed: str = ""
    diverged: tuple[Diverged, ...] = ()


def reads(options: TrainingOptions) -> Reads:
    """Evaluations of one level only."""
    return Reads(dict.fromkeys(("evaluation", "layers", "outcome"), options.level), {})


def info(source: Source[TrainingOptions]) -> TrainingInfo:
    """The data of the figure, from the series `evaluation` and, for the density, `layers`."""
    options = source.options
    evaluation, layers = source.rows("evaluation"), source.rows("layers")
    lines: list[Line] = []
    means: list[Line] = []
    diverged = lost_at(source.rows("outcome"), options.level)
    if evaluation is not None:
        here = evaluation.where(evaluation["level"] == options.level)
        for control in present(here):
            of_control = here.where(here["control"] == control)
            lines += _lines(of_control, options.metric, control)
            mean = _mean(without(of_control, diverged), options.metric, control)
            means += [mean] if mean is not None else []
    lines.sort(key=lambda line: (line.replicate, line.draw))
    branches = (WINNING_TICKET, *(control.kind for control in source.spec(LotterySpec).branches if options.level))
    return TrainingInfo(
        level=options.level,
        metric=options.metric,
        density=_density(layers, options.level),
        steps=source.spec(LotterySpec).steps,
        lines=tuple(lines[: MAX_LINES - len(means)]),
        means=tuple(means),
        trainings=len(lines),
        planned=branches,
        live=source.live,
        diverged=diverged,
        collapsed=collapse.of_level(source.collapses, options.level, source.run.spec.replicates),
    )


def thinned(step: NDArray[Any], value: NDArray[Any]) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Finite points, at most MAX_POINTS, peaks kept, the first and the last always among them."""
    finite = np.isfinite(value)
    step, value = step[finite], np.ascontiguousarray(value[finite])
    if len(value) > MAX_POINTS:
        from tsdownsample import MinMaxLTTBDownsampler

        picked = MinMaxLTTBDownsampler().downsample(  # type: ignore[no-untyped-call]
            np.ascontiguousarray(step), value, n_out=MAX_POINTS
        )
        step, value = step[picked], value[picked]
    return step.astype(np.int32), value.astype(np.float64)


def _lines(rows: Series, metric: str, control: str) -> list[Line]:
    """One line per training, in order of replicate and draw; rows may come in any order."""
    order = np.lexsort((rows["step"], rows["draw"], rows["replicate"]))
    replicate, draw = rows["replicate"][order], rows["draw"][order]
    step, value = rows["step"][order], rows[metric][order]
    starts = np.flatnonzero(np.diff(replicate, prepend=-1) | np.diff(draw, prepend=-1))
    return [
        Line(control, int(replicate[start]), int(draw[start]), 1, *thinned(step[start:end], value[start:end]))
        for start, end in zip(starts, [*starts[1:], len(step)], strict=True)
    ]


def _mean(rows: Series, metric: str, control: str) -> Line | None:
    """Mean over replicates, each the mean of its draws, at the steps that every training here has reached."""
    trainings = len(np.unique(np.stack([rows["replicate"], rows["draw"]]), axis=1).T)
    replicates, j = np.unique(rows["replicate"], return_inverse=True)
    steps, i = np.unique(rows["step"], return_inverse=True)
    value = rows[metric]
    finite = np.isfinite(value)
    sums, counts = np.zeros((2, len(steps), len(replicates)))
    np.add.at(sums, (i[finite], j[finite]), value[finite])
    np.add.at(counts, (i[finite], j[finite]), 1.0)
    full = counts.sum(axis=1) == trainings
    if not len(rows) or not full.any():
        return None
    mean = (sums[full] / counts[full]).mean(axis=1)
    return Line(control, None, None, len(replicates), *thinned(steps[full], mean))


def _density(layers: Series | None, level: int) -> float | None:
    """Density of the ticket at a level, or None before its training starts."""
    if layers is None:
        return None
    here = layers.where((layers["level"] == level) & (layers["control"] == WINNING_TICKET))
    return float(here["kept"].sum() / here["total"].sum()) if len(here) else None


def _role(made: TrainingInfo, control: str) -> str:
    """Level 0 of the ticket is the dense network, and looks like it."""
    return DENSE if made.level == 0 else control


def _is_accuracy(metric: str) -> bool:
    return metric.endswith("accuracy")


def finding(made: TrainingInfo) -> list[Part]:
    """Where the means stand at the last step that all of them have."""
    which = "the dense network" if made.level == 0 else f"level {made.level}"
    if not made.lines:
        if made.live:
            return [Part(f"The first point appears when {which} is first evaluated.")]
        return [Part(f"Nothing to show: {which} was not trained.")]
    share = f" ({words.density(made.density)} of the weights)" if made.density is not None and made.level else ""
    name = made.metric.replace("_", " ")
    means = [mean for mean in made.means if len(mean.step)]
    lost = summary(made.diverged, made.trainings)
    if not means and lost:
        return [Part(f"{which[0].upper()}{which[1:]}{share}: {lost}.")]
    if not means:
        return [Part(f"The trainings of {which} have no step in common yet.")]
    last = min(int(mean.step[-1]) for mean in means)
    told = []
    for mean in means:
        at = int(np.searchsorted(mean.step, last, side="right")) - 1
        value = float(mean.value[at])
        written = words.accuracy(value) if _is_accuracy(made.metric) else f"{words.significant(value)} nats"
        role = _role(made, mean.control)
        told.append([Part("" if made.level == 0 else f"{LOOKS[role].phrase} "), Part(written, role)])
    return [
        Part(f"{which[0].upper()}{which[1:]}{share}, {name} after {words.count(last)} of {words.count(made.steps)} "
             "steps: "),
        *words.listed(told),
        Part(f"; {lost}." if lost else "."),
        *([Part(f" {made.collapsed}")] if made.collapsed else []),
    ]  # fmt: skip


def foot(made: TrainingInfo) -> str:
    """n, what the lines are, and how many are left out."""
    n = max((mean.n for mean in made.means), default=0)
    crosses = f"× {plural(len(made.diverged), 'diverged training')}; not in the mean" if made.diverged else ""
    if n == 0:
        return " · ".join(filter(None, ["n = 0", crosses]))
    notes = [f"n = {plural(n, 'replicate')}"]
    if len(made.lines) > len(made.means):
        notes.append("thin lines: trainings · thick: mean, up to the last step that all have reached")
    if len(made.lines) < made.trainings:
        notes.append(f"{len(made.lines)} of {made.trainings} trainings drawn, all in the mean")
    notes += [crosses] if crosses else []
    if _is_accuracy(made.metric):
        low, _ = value_range(made)
        if any((100 * line.value[np.isfinite(line.value)] < low).any() for line in made.lines):
            notes.append(f"the axis starts at {low:g} %: lower values lie below it")
    return " · ".join(notes)


def value_range(made: TrainingInfo) -> tuple[float, float]:
    """Ends of the y axis, in per cent or nats: what happens after the first tenth of the training, with room."""
    after = [line.value[line.step >= 0.1 * made.steps] for line in made.lines]
    values = np.concatenate(after) if after else np.zeros(0)
    if _is_accuracy(made.metric):
        if not len(values):
            return 0.0, 101.0
        low = max(0.0, math.floor(10 * float(np.quantile(values, 0.02))) * 10.0 - 10.0)
        return low, 100 + 0.02 * (100 - low)
    return (0.0, 1.1 * float(np.quantile(values, 0.98))) if len(values) else (0.0, 2.5)


def draw(made: TrainingInfo) -> go.Figure:
    """The figure; the x axis always reaches to the last step."""
    scale = 100.0 if _is_accuracy(made.metric) else 1.0
    y_range = value_range(made)
    data: list[dict[str, Any]] = []
    ends: list[labels.End] = []
    several = len(made.lines) > len(made.means)
    for control in reversed(made.planned):
        role = _role(made, control)
        mine = [line for line in made.lines if line.control == control]
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
    for mean in reversed(made.means):
        role = _role(made, mean.control)
        look = LOOKS[role]
        y = (scale * mean.value).astype(np.float32)
        data.append(
            {
                "type": "scatter", "mode": "lines", "name": look.label, "x": mean.step, "y": y,
                "hovertemplate": "%{y:.1f} %" if scale == 100 else "%{text} nats",
                "text": [] if scale == 100 else [words.significant(each) for each in mean.value.tolist()],
                "line": {"color": look.color, "width": 2, "dash": look.dash},
                "meta": {"role": role, "part": "mean"},
            }
        )  # fmt: skip
        if len(y):
            ends.append(labels.End(role, look.label, float(mean.step[-1]), float(y[-1])))
    data += [cross(each, _role(made, each.control), number) for number, each in enumerate(made.diverged[:MAX_LINES])]
    which = made.metric.replace("_", " ")
    return figure(
        data,
        title=f"{which[0].upper()}{which[1:]} while training, level {made.level}",
        finding=finding(made),
        foot=foot(made),
        n=max((mean.n for mean in made.means), default=0),
        xaxis=axis("optimizer step", range=[0, 1.01 * made.steps], tickformat=",d",
                   unifiedhovertitle={"text": "step %{x:,d}"}),
        yaxis=axis(f"{which} ({'%' if scale == 100 else 'nats'})", range=list(y_range), **(
            {} if scale == 100 else POWERS)),
        yaxis2=FOOT_AXIS,
        annotations=labels.annotations(ends, y_range),
        right=labels.margin([LOOKS[name].label for name in made.planned]),
    )  # fmt: skip


def table(made: TrainingInfo) -> dict[str, list[Any]]:
    """One row per training and evaluation drawn; accuracy in [0, 1], loss in nats."""
    lines = made.lines
    ends = {(each.control, each.replicate, each.draw): each.step for each in made.diverged}
    return {
        "level": [made.level for line in lines for _ in line.step],
        "density": [made.density for line in lines for _ in line.step],
        "control": [line.control for line in lines for _ in line.step],
        "replicate": [line.replicate for line in lines for _ in line.step],
        "draw": [line.draw for line in lines for _ in line.step],
        "step": [step for line in lines for step in line.step.tolist()],
        made.metric: [value for line in lines for value in line.value.tolist()],
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
    narrow=reads,
    collapses=True,
)
