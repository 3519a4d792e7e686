"""The data of training curves of several runs: a mean and band for each line, by step and by time."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from app.contract.events import WINNING_TICKET
from app.kinds.lottery.figures.diverged import lost_at, without
from app.kinds.lottery.figures.training_data import Metric, shown
from app.plotting.compared import ComparedSource, Group, Measured
from app.plotting.smoothing import smoothed
from app.plotting.source import Options
from app.records import Series

Floats = NDArray[np.float64]
POINTS = 20_000
"""Points of all lines together that are drawn."""


class TrainingOptions(Options):
    """Which level (0 = dense) and metric; `smoothing` is a weight in per cent, `by` the x axis."""

    level: int = Field(0, ge=0, le=1_000)
    metric: Metric = "test_accuracy"
    by: Literal["step", "wall-clock"] = "step"
    smoothing: int = Field(0, ge=0, le=99, json_schema_extra={"zero": "0, off"})


class Line(NamedTuple):
    """A curve of `n` replicates of `runs` runs; `diverged` replicates are not in it.

    `step`, `seconds`, `mean`, `low`, `high` and `smooth` have one entry for each step that all replicates have reached.
    `seconds` counts from the storing of the first evaluation, as the mean over replicates.
    """

    role: str
    name: str
    runs: int
    n: int
    diverged: int
    step: NDArray[np.int64]
    seconds: Floats
    mean: Floats
    low: Floats
    high: Floats
    smooth: Floats


class TrainingInfo(NamedTuple):
    """Lines of one level, accuracy in [0, 1], loss in nats; `steps` is how long the longest training is planned."""

    options: TrainingOptions
    lines: tuple[Line, ...]
    steps: int
    runs: int
    live: bool


def info(source: ComparedSource[TrainingOptions]) -> TrainingInfo:
    """Return the data of the figure, from the series `evaluation` and, for what diverged, `outcome`."""
    options = source.options
    lines = [line for group in source.groups for line in _lines(group, options)]
    most = max(POINTS // max(len(lines), 1), 50)
    steps = max((getattr(run.spec, "steps", 0) for run in source.runs), default=0)
    return TrainingInfo(options, tuple(_thinned(line, options, most) for line in lines), steps, len(source.runs),
                        source.live)  # fmt: skip


def _lines(group: Group, options: TrainingOptions) -> list[Line]:
    """Return one line, or one for each way in which its runs are evaluated: a mean needs the same steps."""
    pools: list[tuple[list[Measured], NDArray[np.int64]]] = []
    for run in group.runs:
        if not len(run.series["evaluation"]):
            continue
        steps = np.unique(_rows(run)["step"]).astype(np.int64)
        for i, (pool, known) in enumerate(pools):
            both = min(len(steps), len(known))
            if both > 1 and (steps[:both] == known[:both]).all():
                pools[i] = ([*pool, run], max(steps, known, key=len))
                break
        else:
            pools.append(([run], steps))
    lines = (_line(group, pool, options) for pool, _ in pools)
    return [line for line in lines if line is not None]


def _rows(run: Measured) -> Series:
    evaluation = run.series["evaluation"]
    return evaluation.where(evaluation.controls == WINNING_TICKET)


def _line(group: Group, pool: Sequence[Measured], options: TrainingOptions) -> Line | None:
    columns: list[dict[int, tuple[float, float]]] = []
    diverged = 0
    for run in pool:
        lost = [item for item in lost_at(_outcome(run), options.level) if item.control == WINNING_TICKET]
        diverged += len(lost)
        rows = without(_rows(run), lost)
        for replicate in np.unique(rows["replicate"]).tolist():
            mine = rows.where(rows["replicate"] == replicate)
            seconds = mine["at"] - mine["at"].min()
            points = zip(mine["step"].tolist(), seconds.tolist(), mine[options.metric].tolist(), strict=True)
            columns.append({int(step): (second, value) for step, second, value in points if np.isfinite(value)})
    common = sorted(set.intersection(*(set(column) for column in columns))) if columns else []
    if not common and not diverged:
        return None
    both = np.array([[column[step] for column in columns] for step in common]).reshape(len(common), -1, 2)
    values = both[..., 1]
    mean = values.mean(axis=1) if values.size else np.zeros(0)
    low, high = (values.min(axis=1), values.max(axis=1)) if values.size else (mean, mean)
    return Line(
        group.role, group.name, len(pool), len(columns), diverged, np.array(common, np.int64),
        both[..., 0].mean(axis=1) if values.size else mean, mean, low, high, smoothed(mean, options.smoothing / 100),
    )  # fmt: skip


def _outcome(run: Measured) -> Series | None:
    outcome = run.series["outcome"]
    return outcome if len(outcome) else None


def _thinned(line: Line, options: TrainingOptions, most: int) -> Line:
    drawn: NDArray[Any] = line.smooth if options.smoothing else line.mean
    kept = shown(line.step, drawn, most)
    fields = ("step", "seconds", "mean", "low", "high", "smooth")
    return line._replace(**{name: getattr(line, name)[kept] for name in fields})
