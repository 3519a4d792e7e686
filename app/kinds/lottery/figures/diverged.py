"""Trainings that diverged: left out of means, counted in words, and marked at the step where they ended."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from app.contract.words import plural
from app.plotting import words
from app.plotting.style import LOOKS
from app.records import Series


class Diverged(NamedTuple):
    """A training whose loss was not finite at `step`, where it ended."""

    control: str
    replicate: int
    draw: int
    step: int


def lost_at(outcome: Series | None, level: int) -> tuple[Diverged, ...]:
    """Return the trainings of a level that diverged, in the order in which they did."""
    if outcome is None:
        return ()
    lost = outcome.where((outcome["level"] == level) & np.isfinite(outcome["diverged_step"]))
    columns = (lost[name].tolist() for name in ("control", "replicate", "draw", "diverged_step"))
    trainings = (
        Diverged(control, replicate, draw, int(step)) for control, replicate, draw, step in zip(*columns, strict=True)
    )
    return tuple(sorted(trainings, key=lambda training: training.step))


def without(rows: Series, diverged: Sequence[Diverged]) -> Series:
    """Return rows without those of trainings that diverged: a mean over them would end where they did."""
    kept = np.ones(len(rows), bool)
    for training in diverged:
        gone = (rows["replicate"] == training.replicate) & (rows["draw"] == training.draw)
        kept &= ~(gone & (rows["control"] == training.control))
    return rows.where(kept)


def summary(lost: Sequence[Diverged], trainings: int) -> str:
    """Return how many trainings have diverged, and when the first did: "1 of 2 trainings diverged, at step 7"."""
    if not lost:
        return ""
    when = f"at step {words.count(lost[0].step)}"
    count = f"{len(lost)} of {plural(trainings, 'training')} diverged"
    return f"{count}, {when if len(lost) == 1 else f'the first {when}'}"


def cross(lost: Diverged, role: str, number: int) -> dict[str, Any]:
    """Return a cross at the foot of the plot, at the step where a training diverged; it needs the layout's y axis 2."""
    look = LOOKS[role]
    return {
        "type": "scatter", "mode": "markers", "name": look.label, "yaxis": "y2", "x": [lost.step],
        "y": [0.02 + 0.035 * (number % 12)], "text": [f"replicate {lost.replicate} diverged at step {lost.step}"],
        "hovertemplate": "%{text}", "cliponaxis": False, "meta": {"role": role, "part": "diverged"},
        "marker": {"symbol": "x-thin", "size": 8, "line": {"width": 1.8, "color": look.color}},
    }  # fmt: skip
