"""Sums of a mask equal those that NumPy makes of the mask itself; no kept weight is lost in them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from app.masks.codec import pack
from app.masks.sums import STRATA, strata_of, strata_sizes, sums


@given(arrays(np.bool_, st.tuples(st.integers(1, 40), st.integers(1, 40))))
def test_rows_and_columns(mask: np.ndarray) -> None:
    totals = sums(pack(mask), mask.shape[1])
    assert totals["rows"].tolist() == mask.sum(axis=1).tolist()
    assert totals["columns"].tolist() == mask.sum(axis=0).tolist()


def test_columns_of_many_rows() -> None:
    mask = np.ones((1000, 3), bool)
    assert sums(pack(mask), 3)["columns"].tolist() == [1000] * 3


@pytest.mark.parametrize("weights", [1, 7, 100, 12_345])
def test_strata_are_about_equal_and_ordered(weights: int) -> None:
    initial = np.random.default_rng(0).normal(size=(1, weights)).astype(np.float32)
    strata = strata_of(initial)
    assert np.array_equal(np.bincount(strata.reshape(-1), minlength=STRATA), strata_sizes(weights))
    order = np.argsort(np.abs(initial).reshape(-1))
    assert (np.diff(strata.reshape(-1)[order].astype(int)) >= 0).all()


def test_kept_weights_of_each_stratum() -> None:
    initial = np.arange(1, 201, dtype=np.float32).reshape(2, 100) * np.array([[1], [-1]])
    mask = np.zeros((2, 100), bool)
    mask[1, 98:] = True
    made = sums(pack(mask), 100, strata_of(initial))["strata"]
    assert made[99] == 2
    assert made.sum() == 2
