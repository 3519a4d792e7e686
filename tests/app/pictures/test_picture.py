"""A fitted picture is where and what it must be, in matrices of every shape."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.pictures.picture import Picture, contrast, fit, grey
from tests.app.pictures.images import ramp, square


@pytest.mark.parametrize("factor", [0.25, 0.5, 1, 2])
def test_a_square_is_where_it_was_at_every_scale(factor: float) -> None:
    fitted = fit(grey(square()), int(64 * factor), int(64 * factor))
    truth = np.zeros(fitted.shape, np.float32)
    truth[int(8 * factor) : int(32 * factor), int(16 * factor) : int(40 * factor)] = 1
    assert np.array_equal(fitted, truth)


def test_enlarging_rounds_corners_by_a_cell_and_nothing_else() -> None:
    fitted = fit(grey(square()), 256, 256)
    truth = np.zeros((256, 256), np.float32)
    truth[32:128, 64:160] = 1
    assert np.argwhere(fitted != truth).tolist() == [[32, 64], [32, 159], [127, 64], [127, 159]]


def test_a_narrow_matrix_has_it_in_the_middle_of_blank() -> None:
    fitted = fit(grey(square()), 64, 100)
    truth = np.zeros((64, 100), np.float32)
    truth[8:32, 18 + 16 : 18 + 40] = 1
    assert np.array_equal(fitted, truth)
    assert np.array_equal(fit(grey(square().T), 100, 64), truth.T)


def test_a_grey_ramp_stays_a_ramp_and_is_averaged_when_it_shrinks() -> None:
    picture = grey(ramp())
    assert not picture.two_level
    same = fit(picture, 64, 256)
    assert np.allclose(same, 1 - ramp() / 255, atol=1e-6)
    halved = fit(picture, 32, 128)
    assert np.allclose(halved, same.reshape(32, 2, 128, 2).mean(axis=(1, 3)), atol=1e-6)
    assert (np.diff(fit(picture, 128, 512), axis=1) <= 1e-6).all()


def test_what_is_two_level() -> None:
    assert grey(square()).two_level
    assert np.array_equal(grey(square()).ink, square() == 0)
    # Any two shades count as ink and blank, as long as they can be told apart.
    assert np.array_equal(grey(np.where(square() == 0, 90, 140).astype(np.uint8)).ink, square() == 0)
    assert np.array_equal(grey(255 - square()).ink, square() == 255)
    pale = grey(np.where(square() == 0, 250, 255).astype(np.uint8))
    assert not pale.two_level
    assert contrast(pale.ink) == pytest.approx(5 / 255)
    three = square()
    three[0, 0] = 128
    assert not grey(three).two_level


@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 80), st.integers(1, 80), st.booleans(), st.integers(0, 9))
def test_it_always_fits_and_stays_within_its_values(
    height: int, width: int, rows: int, columns: int, two_level: bool, seed: int
) -> None:
    ink = np.random.default_rng(seed).random((height, width), np.float32)
    if two_level:
        ink = ink.round()
    fitted = fit(Picture(ink, two_level), rows, columns)
    assert fitted.shape == (rows, columns)
    assert fitted.dtype == np.float32
    assert fitted.min() >= 0
    assert fitted.max() <= ink.max() + 1e-6
    if two_level:
        assert np.isin(fitted, (0, 1)).all()
    full = fit(Picture(np.ones((height, width), np.float32), two_level), rows, columns)
    # It touches two opposite sides, and is centred to a cell.
    assert full.any(axis=1).all() or full.any(axis=0).all()
    for axis in (0, 1):
        there = np.flatnonzero(full.any(axis=1 - axis))
        assert abs(there[0] - (full.shape[axis] - 1 - there[-1])) <= 1
