"""How far an axis of accuracies reaches."""

import math

import numpy as np
from numpy.typing import NDArray

# Below this many points under the best, a curve may leave the axis: else one collapse flattens everything.
_WINDOW = 40.0


def accuracy_range(percent: NDArray[np.float64]) -> tuple[float, float]:
    """Return ends of the y axis in per cent: round numbers round the values, at most about 40 points, at least 5."""
    if not len(percent):
        return 0.0, 101.0
    high = float(percent.max())
    low = max(float(percent.min()), high - _WINDOW)
    step = next(step for width, step in ((6, 1), (15, 2), (30, 5), (math.inf, 10)) if high - low < width)
    top = min(math.ceil(high / min(step, 5)) * min(step, 5), 100)
    bottom = min(math.floor(low / step) * step, top - 5)
    return float(max(bottom, 0)), top + 0.02 * (top - bottom)
