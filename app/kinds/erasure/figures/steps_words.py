"""The words of the figure of erasure over steps: its finding and its foot."""

import math

import numpy as np
from numpy.typing import NDArray

from app.contract.words import plural
from app.kinds.erasure.figures import trainings
from app.kinds.erasure.figures.spectral_match import matched
from app.kinds.erasure.figures.steps_data import StepsInfo
from app.kinds.erasure.figures.trainings import fate
from app.kinds.erasure.figures.trajectory import Trajectory
from app.plotting import spread, step_axis, words
from app.plotting.replicates import mean
from app.plotting.style import LOOKS, OPTIMIZERS
from app.plotting.words import Part, brief

_TOLD = 5

_LABEL = {name: look.label for name, look in OPTIMIZERS.items()}


def finding(info: StepsInfo) -> list[Part]:
    """Return where the marked trajectories end, what that means for the picture, and what two of them share."""
    marked = [trajectory for trajectory in info.trajectories if trajectory.marked]
    there = [item for item in marked if len(item.steps) and np.isfinite(item.values[-1]).any()]
    if not there:
        if any(item.lost for item in marked):
            return [Part("Every training shown diverged.")]
        return [Part("The first point appears when a network starts to train." if info.live
                     else "Nothing to show: no training here has a point.")]  # fmt: skip
    best = [item for item in there if item.best]
    rest = [item for item in there if not item.best]
    parts: list[Part] = []
    shown = (best + rest)[:_TOLD]
    for i, line in enumerate(shown):
        parts.append(Part(f"{'; ' if i else ''}{LOOKS[line.optimizer].phrase} at lr {brief(line.lr)}: "))
        parts.append(Part(f"{info.scale.word} {_mean_text(info, line.values[-1])}", line.optimizer))
        if line.steps[-1] < info.steps:
            parts.append(Part(f" at step {words.count(int(line.steps[-1]))}"))
        elif not i:
            parts.append(Part(f" after {words.count(info.steps)} steps"))
        if not i and line.n > 1:
            parts.append(Part(f" over {line.n} replicates"))
        if info.measure == "visibility":
            parts.append(Part(f": {_fate(info, line)}"))
    # Sentences start with a capital, but names and measures do not all.
    parts[0] = Part(parts[0].text[0].upper() + parts[0].text[1:], parts[0].role)
    if len(there) > len(shown):
        parts.append(Part(f"; {len(there) - len(shown)} more in the plot"))
    if info.match and info.measure in ("visibility", "update_spectral", "update_frobenius", "movement"):
        parts += [Part("; "), *matched(info.match)]
    return [*parts, Part(".")]


def _fate(info: StepsInfo, trajectory: Trajectory) -> str:
    seen = float(mean(trajectory.values[-1]))
    return fate(seen, float(trajectory.low[-1]), float(trajectory.high[-1]), two_level=info.two_level)


def _mean_text(info: StepsInfo, values: NDArray[np.float64]) -> str:
    """Return mean and spread over replicates: with decimals or, on a log axis, with significant digits."""
    if not info.scale.log:
        return spread.mean_text(info.scale.factor * values, int(info.scale.form[1]), unit=info.scale.unit)
    finite = values[np.isfinite(values)]
    sd = spread.deviation(values)
    return words.significant(float(finite.mean()), 3) + ("" if math.isnan(sd) else f" ± {words.significant(sd, 2)}")


def foot(info: StepsInfo) -> str:
    """Return n, what is drawn, what diverged and what remains."""
    notes = [spread.n_text(np.array([trajectory.n for trajectory in info.trajectories]), "band = min to max")]
    if any(trajectory.best and len(trajectory.steps) for trajectory in info.trajectories):
        notes.append("best learning rate = highest validation accuracy at the end")
    if info.measure == "visibility" and null(info) is not None:
        notes.append("grey strip = 95 % of pictures with rows and columns permuted"
                     + (f"; erased = AUC up to {trainings.ERASED:.2f}" if info.two_level else ""))  # fmt: skip
    if any(not trajectory.marked for trajectory in info.trajectories):
        notes.append("thin dotted: twins without the picture")
    if info.left_out:
        notes.append(f"{info.left_out} lines omitted; choose an optimizer to see all of its rates")
    if lost := trainings.diverged_text(info.ends, _LABEL):
        notes.append(f"{lost}: ×")
    if info.live and (left := trainings.awaited(info.ends)):
        notes.append(f"{plural(left, 'training')} remaining")
    return " · ".join(notes)


def null(info: StepsInfo) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]] | None:
    """Return the observed steps, and the mean null interval of the marked trajectories there.

    None before there is one.
    """
    marked = [trajectory for trajectory in info.trajectories if trajectory.marked and len(trajectory.steps)]
    if not marked:
        return None
    steps = np.unique(np.concatenate([item.steps for item in marked]))
    bounds = np.full((2, len(steps), len(marked)), np.nan)
    for j, line in enumerate(marked):
        bounds[:, np.searchsorted(steps, line.steps), j] = line.low, line.high
    low, high = mean(bounds)
    there = np.isfinite(low) & np.isfinite(high)
    return (step_axis.place(steps)[there], low[there], high[there]) if there.any() else None
