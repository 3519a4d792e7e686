"""Means over replicates and their spread, in words."""

import math

import numpy as np
from numpy.typing import NDArray

from app.plotting import words

Floats = NDArray[np.float64]


def deviation(values: Floats) -> float:
    """Return standard deviation of a sample's finite values; NaN for fewer than two."""
    finite = values[np.isfinite(values)]
    return float(finite.std(ddof=1)) if len(finite) > 1 else math.nan


def mean_text(values: Floats, decimals: int, *, scale: float = 1, unit: str = "") -> str:
    """Return mean and standard deviation over replicates, e.g. "97.9 ± 0.3 %"; of one value no spread.

    There are more decimals than `decimals` where the spread would be rounded to 0: "0.974 ± 0.003".
    """
    middle, sd = scale * float(values[np.isfinite(values)].mean()), scale * deviation(values)
    if sd > 1e-9 * abs(middle):  # less is the rounding of sums; what is more is written with its first digit
        decimals = max(decimals, -math.floor(math.log10(sd)))
    written = f"{middle:.{decimals}f}"
    if not math.isnan(sd):
        written += f" ± {sd:.{decimals}f}"
    return f"{written}{unit}".replace("-", "−")


def power_text(values: Floats) -> str:
    """Return the same for positive sizes, e.g. "(1.3 ± 0.1) × 10⁻³"; of one value "1.3 × 10⁻³"."""
    middle = float(values[np.isfinite(values)].mean())
    if middle <= 0:
        return "0"
    power = math.floor(math.log10(middle))
    written = mean_text(values, 1, scale=10.0**-power)
    return words.times_power(f"({written})" if "±" in written else written, power)


def n_text(n: NDArray[np.int64], band: str = "") -> str:
    """Return what n and ± are, for the foot: `n` has how many replicates each mean has."""
    there = n[n > 0]
    if not len(there):
        return "n = 0"
    if there.max() == 1:
        return "n = 1 replicate: no spread"
    return f"n = {words.replicates(there.tolist())}, mean ± standard deviation{f' · {band}' if band else ''}"
