"""A logarithmic axis of steps that has a place for step 0, left of a break; no step is lost."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.plotting.style import axis

ZERO = -0.45
"""The place of step 0, in powers of ten; step 1 is at 0."""


def place(step: NDArray[Any]) -> NDArray[np.float64]:
    """Return the places of steps on the axis."""
    at = np.full(len(step), ZERO)
    np.log10(step, out=at, where=np.asarray(step) > 0)
    return at


def step_axis(steps: int) -> dict[str, Any]:
    """Return the axis up to the last step of a training: ticks at 0, at powers of ten and at the last."""
    last = math.log10(steps)
    decades = [10**power for power in range(math.floor(last) + 1)]
    # The last step has its own tick; a decade just before it would run into it.
    ticks = [0, *(step for step in decades if last - math.log10(step) > 0.25), steps]
    return axis("optimizer step (logarithmic, with 0)", range=[ZERO - 0.1, last + 0.03 * (last - ZERO)],
                tickvals=place(np.array(ticks)).tolist(), ticktext=[f"{step:,}" for step in ticks])  # fmt: skip
