"""What chance gives: how many weights a unit keeps under a uniformly random mask."""

import numpy as np
from numpy.typing import NDArray


def degrees(total: int, most: int, kept: int) -> NDArray[np.float64]:
    """Return probability of each number 0 … `most` of kept weights of a unit that has `most` of the `total` weights.

    Exactly `kept` of the `total` are kept, each choice as likely as any other: the hypergeometric distribution.
    """
    low, high = max(0, most + kept - total), min(most, kept)
    d = np.arange(low, high, dtype=np.float64)
    # Ratio of each probability to the one before; logarithms, as the first may be too small for a float.
    ratios = (most - d) * (kept - d) / ((d + 1) * (total - most - kept + d + 1))
    logs = np.concatenate([[0.0], np.cumsum(np.log(ratios))])
    weights = np.exp(logs - logs.max())
    out = np.zeros(most + 1)
    out[low : high + 1] = weights / weights.sum()
    return out


def variance(total: int, most: int, kept: int) -> float:
    """Return variance of that number: the mean squared distance of a layer's units from their own mean."""
    if total < 2:
        return 0.0
    share = kept / total
    return most * share * (1 - share) * (total - most) / (total - 1)
