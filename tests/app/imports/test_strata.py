"""The groups that are found piece by piece are those of a whole sort."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from app.imports.limits import BAND
from app.imports.strata import strata
from app.masks.sums import strata_of


def groups(weights: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.concatenate(list(strata(lambda first, last: weights[first:last], weights.size)))


@settings(deadline=None)
@given(arrays(np.float32, st.integers(1, 500), elements=st.floats(-2, 2, width=32)))
def test_any_weights(weights: NDArray[np.float32]) -> None:
    assert np.array_equal(groups(weights), strata_of(weights)[0])


@settings(deadline=None)
@given(arrays(np.float32, st.integers(1, 500), elements=st.sampled_from([0.0, -0.0, 0.5, -0.5, 1e-45, 3e38])))
def test_ties_go_by_flat_index(weights: NDArray[np.float32]) -> None:
    assert np.array_equal(groups(weights), strata_of(weights)[0])


@pytest.mark.parametrize("rounded", [False, True])
def test_groups_reach_over_pieces(rounded: bool) -> None:
    weights = np.random.default_rng(1).normal(size=2 * BAND + 12_345).astype(np.float32)
    if rounded:
        weights = np.round(weights, 2)
    assert np.array_equal(groups(weights), strata_of(weights)[0])
