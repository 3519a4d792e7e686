"""Degrees under chance: against SciPy's hypergeometric distribution and against masks drawn at random."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import hypergeom

from app.plotting.tickets.random_degrees import degrees, variance


@st.composite
def layers(draw: st.DrawFn) -> tuple[int, int, int]:
    """Weights of a layer, of one of its units, and how many are kept."""
    units, most = draw(st.integers(1, 60)), draw(st.integers(1, 200))
    return units * most, most, draw(st.integers(0, units * most))


@given(layers())
def test_it_is_the_hypergeometric_distribution(layer: tuple[int, int, int]) -> None:
    total, most, kept = layer
    d = np.arange(most + 1)
    expected = hypergeom(total, most, kept).pmf(d)
    np.testing.assert_allclose(degrees(total, most, kept), expected, atol=1e-9)
    assert variance(total, most, kept) == pytest.approx(d**2 @ expected - (d @ expected) ** 2, abs=1e-6)


def test_a_layer_of_millions_is_no_trouble() -> None:
    made = degrees(4096 * 4096, 4096, 4096 * 40)
    assert made.sum() == pytest.approx(1)
    assert np.arange(4097) @ made == pytest.approx(40)


def test_random_masks_of_a_given_size_have_these_degrees_and_this_spread() -> None:
    rng = np.random.default_rng(0)
    units, most, kept, draws = 20, 12, 50, 4000
    flat = np.zeros((draws, units * most), np.int64)
    flat[:, :kept] = 1
    total = rng.permuted(flat, axis=1).reshape(draws, units, most).sum(axis=2)
    share = np.bincount(total.ravel(), minlength=most + 1) / total.size
    np.testing.assert_allclose(share, degrees(units * most, most, kept), atol=0.005)
    assert total.var(axis=1).mean() == pytest.approx(variance(units * most, most, kept), rel=0.02)
