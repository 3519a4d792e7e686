"""Smoothing of curves."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def smoothed(values: Floats, weight: float) -> Floats:
    """Return the moving average in which the points before count `weight` in [0, 1) times as much at each further one.

    Its start is not drawn towards 0: each average is over the weights of the points that are there.
    Source: the bias-corrected exponential moving average of Kingma & Ba (2015, algorithm 1), as in TensorBoard.
    """
    average = np.empty(len(values))
    total = mass = 0.0
    for place, value in enumerate(values.tolist()):
        total = weight * total + (1 - weight) * value
        mass = weight * mass + (1 - weight)
        average[place] = total / mass
    return average
