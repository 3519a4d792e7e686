"""The data of the figure of training curves: lines of each training, thinned, and their means."""

from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from app.contract.events import WINNING_TICKET
from app.kinds.lottery.figures.diverged import Diverged, lost_at, without
from app.kinds.lottery.spec import LotterySpec
from app.plotting import collapse, predictions
from app.plotting.entry import Reads
from app.plotting.replicates import present
from app.plotting.source import Options, Source
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
    """Lines and means of one level, accuracy in [0, 1], loss in nats; `trainings` counts also lines not drawn.

    `text`: each symbol of a text is predicted; `chance` then is what an accuracy counts.
    """

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
    text: bool = False
    chance: str = ""


def reads(options: TrainingOptions) -> Reads:
    """Return the series of one level only."""
    return Reads(dict.fromkeys(("evaluation", "layers", "outcome"), options.level), {})


def info(source: Source[TrainingOptions]) -> TrainingInfo:
    """Return the data of the figure, from the series `evaluation` and, for the density, `layers`."""
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
        text=predictions.predicts_text(source.run.spec),
        chance=predictions.chance(source.run.spec),
    )


def thinned(step: NDArray[Any], value: NDArray[Any]) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Return finite points, at most MAX_POINTS, peaks kept, the first and the last always among them."""
    finite = np.isfinite(value)
    step, value = step[finite], value[finite]
    kept = shown(step, value, MAX_POINTS)
    return step[kept].astype(np.int32), value[kept].astype(np.float64)


def shown(x: NDArray[Any], y: NDArray[Any], most: int) -> NDArray[np.int64]:
    """Return which of finite points are drawn: at most `most`, peaks kept, the first and the last among them."""
    if len(y) <= most:
        return np.arange(len(y))
    from tsdownsample import MinMaxLTTBDownsampler

    picked = MinMaxLTTBDownsampler().downsample(  # type: ignore[no-untyped-call]
        np.ascontiguousarray(x), np.ascontiguousarray(y), n_out=most
    )
    return np.asarray(picked, np.int64)


def _lines(rows: Series, metric: str, control: str) -> list[Line]:
    """Return one line per training, in order of replicate and draw; rows may come in any order."""
    order = np.lexsort((rows["step"], rows["draw"], rows["replicate"]))
    replicate, draw = rows["replicate"][order], rows["draw"][order]
    step, value = rows["step"][order], rows[metric][order]
    starts = np.flatnonzero(np.diff(replicate, prepend=-1) | np.diff(draw, prepend=-1))
    return [
        Line(control, int(replicate[start]), int(draw[start]), 1, *thinned(step[start:end], value[start:end]))
        for start, end in zip(starts, [*starts[1:], len(step)], strict=True)
    ]


def _mean(rows: Series, metric: str, control: str) -> Line | None:
    """Return the mean over replicates, each the mean of its draws, at the steps that every training has reached."""
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
    """Return the density of the ticket at a level, or None before its training starts."""
    if layers is None:
        return None
    here = layers.where((layers["level"] == level) & (layers["control"] == WINNING_TICKET))
    return float(here["kept"].sum() / here["total"].sum()) if len(here) else None
