"""Visibility equals what its definition says, pair by pair, and its null what permuting really gives."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata, spearmanr

from workers.science.erasure.visibility import Picture, average_ranks


def letter(rows: int, columns: int) -> np.ndarray:
    """A block of ink in the upper left quarter."""
    ink = np.zeros((rows, columns), np.float32)
    ink[: rows // 2, : columns // 2] = 1
    return ink


@given(st.integers(2, 7), st.integers(2, 7), st.integers(0, 2**31))
@settings(max_examples=60)
def test_auc_counts_the_pairs(rows: int, columns: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    weights = random.integers(-3, 4, (rows, columns)).astype(np.float32)  # with ties
    ink = letter(rows, columns)
    inside, outside = np.abs(weights[ink == 1]), np.abs(weights[ink == 0])
    pairs = [(outer > inner) + 0.5 * (outer == inner) for inner in inside for outer in outside]
    visibility = Picture(ink, two_level=True, placement="multiplicative").measure(weights)
    assert visibility.value == pytest.approx(np.mean(pairs))


def test_a_fresh_mark_is_seen_whole_and_an_unmarked_matrix_is_not() -> None:
    random = np.random.default_rng(0)
    ink, weights = letter(64, 64), random.normal(size=(64, 64)).astype(np.float32)
    picture = Picture(ink, two_level=True, placement="multiplicative")
    assert picture.measure(weights * (1 - ink)).value == 1.0
    blank = picture.measure(weights)
    assert blank.null_low < blank.value < blank.null_high
    assert abs(blank.value - 0.5) < 0.03
    # The picture lies elsewhere: half of its ink falls on background.
    shifted = picture.measure(weights * (1 - np.roll(ink, 16, axis=1)))
    assert 0.5 < shifted.value < 0.75
    inverted = picture.measure(weights * ink)
    assert inverted.value == 0.0


def test_an_added_picture_is_looked_for_in_the_sign() -> None:
    random = np.random.default_rng(1)
    ink, weights = letter(64, 64), random.normal(size=(64, 64)).astype(np.float32)
    added = weights + 2 * ink
    assert Picture(ink, two_level=True, placement="additive").measure(added).value > 0.9
    z = added[ink == 1][:, None] > added[ink == 0][None, :]
    assert Picture(ink, two_level=True, placement="additive").measure(added).value == pytest.approx(z.mean())


@pytest.mark.parametrize("placement", ["multiplicative", "additive"])
def test_a_grey_picture_is_compared_by_ranks(placement: str) -> None:
    random = np.random.default_rng(2)
    ink = np.linspace(0, 1, 32 * 24, dtype=np.float32).reshape(32, 24)
    weights = (random.normal(size=(32, 24)) * (1 - ink)).astype(np.float32)
    score = -np.abs(weights) if placement == "multiplicative" else weights
    visibility = Picture(ink, two_level=False, placement=placement).measure(weights)  # type: ignore[arg-type]
    assert visibility.value == pytest.approx(spearmanr(score.ravel(), ink.ravel()).statistic)


@pytest.mark.parametrize("two_level", [True, False])
def test_the_null_is_that_of_permuted_rows_and_columns(two_level: bool) -> None:
    random = np.random.default_rng(3)
    # Rows and columns of unlike size, so that each part of the variance counts.
    weights = (random.normal(size=(20, 30)) * random.uniform(0.2, 2, (20, 1)) * random.uniform(0.5, 2, 30)).astype("f4")
    ink = letter(20, 30) if two_level else (np.add.outer(np.arange(20), np.arange(30) ** 1.5) / 200).astype("f4")
    visibility = Picture(ink, two_level=two_level, placement="multiplicative").measure(weights)
    drawn = [
        Picture(ink[random.permutation(20)][:, random.permutation(30)], two_level=two_level, placement="multiplicative")
        .measure(weights).value
        for _ in range(3_000)
    ]  # fmt: skip
    middle, reach = (visibility.null_low + visibility.null_high) / 2, (visibility.null_high - visibility.null_low) / 2
    assert np.mean(drawn) == pytest.approx(middle, abs=4 * np.std(drawn) / np.sqrt(3_000))
    assert 1.96 * np.std(drawn) == pytest.approx(reach, rel=0.05)
    assert np.mean([visibility.null_low <= value <= visibility.null_high for value in drawn]) == pytest.approx(
        0.95, abs=0.02
    )


def test_equal_values_share_the_mean_of_their_ranks() -> None:
    values = np.random.default_rng(4).integers(-3, 4, (20, 30)).astype(np.float32)
    assert (average_ranks(values) == rankdata(values).reshape(20, 30)).all()
