"""The moving average against its definition, written out."""

import numpy as np
import pytest

from app.plotting.smoothing import smoothed


def test_each_average_is_over_the_points_so_far_with_weights_that_fall_by_the_same_factor() -> None:
    values, weight = np.random.default_rng(0).normal(size=12), 0.7
    for place, found in enumerate(smoothed(values, weight)):
        weights = weight ** np.arange(place, -1, -1)
        assert found == pytest.approx((weights * values[: place + 1]).sum() / weights.sum())


def test_no_weight_changes_nothing_and_a_constant_stays() -> None:
    values = np.array([3.0, 1.0, 2.0])
    assert smoothed(values, 0.0).tolist() == values.tolist()
    assert smoothed(np.full(5, 0.25), 0.99) == pytest.approx(np.full(5, 0.25))
    assert len(smoothed(np.zeros(0), 0.5)) == 0
