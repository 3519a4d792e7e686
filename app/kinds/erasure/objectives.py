"""What a sweep of the erasure study can look for."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from app.kinds.objective import Objective
from app.records import Run, Series


def _of(column: str, pick: Callable[[NDArray[np.float64]], np.float64]) -> Callable[..., float | None]:
    """Build a value over the trainings with the picture that did not diverge; None without any."""

    def value(_run: Run, series: Mapping[str, Series]) -> float | None:
        rows = series["ending"]
        if column not in rows.columns:
            return None
        values = rows[column][(rows["image"] == "picture") & np.isfinite(rows[column])]
        return float(pick(values)) if len(values) else None

    return value


OBJECTIVES = (
    Objective("best_validation_accuracy", "best validation accuracy", True, ("ending",),
              _of("validation_accuracy", np.max), percent=True),
    Objective("lowest_visibility", "lowest visibility of the picture", False, ("ending",), _of("visibility", np.min)),
)  # fmt: skip
