"""What a sweep of lottery tickets can look for; on the validation split, as nothing is chosen on test data."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.kinds.lottery.spec import LotterySpec
from app.kinds.objective import Objective, Reports
from app.records import Run, Series


def _at(column: str, *, last: bool) -> Objective:
    """Build the objective of a column of `outcome`: the mean over replicates at the last level, or of dense ones."""

    def value(run: Run, series: Mapping[str, Series]) -> float | None:
        outcome = series["outcome"]
        if column not in outcome.columns:
            return None
        rows = outcome.tickets
        values = rows[column][rows["level"] == (run.levels if last else 0)]
        # A training that diverged has no end: a mean of the others would favour what diverges often.
        return float(np.mean(values)) if len(values) == run.spec.replicates and np.isfinite(values).all() else None

    def by_level(run: Run, series: Mapping[str, Series]) -> list[float]:
        outcome = series["outcome"]
        if column not in outcome.columns:
            return []
        rows = outcome.tickets
        return _means(run, rows["level"], rows[column], range(run.levels + 1))

    def by_evaluation(run: Run, series: Mapping[str, Series]) -> list[float]:
        rows = series["evaluation"]
        if column not in rows.columns:
            return []
        rows = rows.tickets.where(rows.tickets["level"] == 0)
        return _means(run, rows["step"], rows[column], np.unique(rows["step"]))

    if last:
        reports = Reports("level", ("outcome",), by_level, lambda spec: spec.levels + 1, ("pruning", "mode", "levels"))
    else:
        reports = Reports("evaluation", ("evaluation",), by_evaluation, _evaluations, ("steps", "eval_every"))
    which = "last_ticket" if last else "dense"
    where = "of the last ticket" if last else "of the dense network"
    what = "accuracy" if column == "validation_accuracy" else "loss"
    return Objective(
        f"{which}_{column}",
        f"validation {what} {where}",
        what == "accuracy",
        ("outcome",),
        value,
        what == "accuracy",
        reports,
    )


def _evaluations(spec: LotterySpec) -> int:
    """Return how often a training of this spec is evaluated, before its first step too."""
    return 1 + -(-spec.steps // spec.eval_every)


def _means(run: Run, places: NDArray[Any], values: NDArray[Any], wanted: Iterable[Any]) -> list[float]:
    """Return the mean over replicates at each place, up to the first that one of them has not reached."""
    means: list[float] = []
    for place in wanted:
        numbers = values[places == place]
        if len(numbers) < run.spec.replicates:
            break
        means.append(float(np.mean(numbers)))
    return means


OBJECTIVES = (
    _at("validation_accuracy", last=True),
    _at("validation_loss", last=True),
    _at("validation_accuracy", last=False),
)
