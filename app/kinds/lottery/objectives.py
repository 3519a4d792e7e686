"""What a sweep of lottery tickets can look for; on the validation split, as nothing is chosen on test data."""

from collections.abc import Mapping

import numpy as np

from app.kinds.objective import Objective
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

    which = "last_ticket" if last else "dense"
    where = "of the last ticket" if last else "of the dense network"
    what = "accuracy" if column == "validation_accuracy" else "loss"
    return Objective(
        f"{which}_{column}", f"validation {what} {where}", what == "accuracy", ("outcome",), value, what == "accuracy"
    )


OBJECTIVES = (
    _at("validation_accuracy", last=True),
    _at("validation_loss", last=True),
    _at("validation_accuracy", last=False),
)
