"""Random search: the n-th member follows from seed and number alone, so that the same seed gives the same members."""

import math
from collections.abc import Collection
from typing import Any

import numpy as np

from app.sweeps.axes import MOST, Axis, key
from app.sweeps.plan import Plan, Values

DRAWS = 1_000
"""Draws after which a value that was not tried yet is no longer looked for by chance."""
_DIGITS = 6


def draw(plan: Plan, position: int, tried: Collection[str]) -> Values | None:
    """Return the values of the member at a position, unlike those tried; None where there is nothing else.

    `tried` holds the keys (`axes.key`) of members that are there.
    """
    random = np.random.default_rng([plan.sampler.seed, position])
    for _ in range(DRAWS):
        values = {path: _value(axis, plan.whole(path), random) for path, axis in plan.axes.items()}
        if key(values) not in tried:
            return values
    counts = [axis.count(whole=plan.whole(path)) for path, axis in plan.axes.items()]
    if any(count is None or count > MOST for count in counts) or (plan.combinations() or 0) > 100 * DRAWS:
        return None
    left = [values for values in plan.grid() if key(values) not in tried]
    return left[int(random.integers(len(left)))] if left else None


def _value(axis: Axis, whole: bool, random: np.random.Generator) -> Any:
    if axis.log_range is not None and axis.log_range.count is None:
        low, high = math.log(axis.log_range.low), math.log(axis.log_range.high)
        value = math.exp(random.uniform(low, high))
        return round(value) if whole else within(axis, value)
    if axis.range is not None and axis.range.step is None and not whole:
        return within(axis, random.uniform(axis.range.low, axis.range.high))
    if axis.range is not None:
        n = axis.count(whole=whole)
        assert n is not None  # noqa: S101 (it has a step, or is of whole numbers)
        value = axis.range.low + int(random.integers(n)) * (axis.range.step or 1)
        return int(value) if whole and value == int(value) else float(f"{value:.10g}")
    levels = axis.levels(whole=whole)
    return levels[int(random.integers(len(levels)))]


def within(axis: Axis, value: float) -> float:
    """Return a number with as many digits as a reader needs, between the ends of its axis."""
    ends = axis.range or axis.log_range
    assert ends is not None  # noqa: S101 (a list of values has no numbers between them)
    return float(min(max(float(f"{value:.{_DIGITS}g}"), ends.low), ends.high))
