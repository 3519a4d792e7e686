"""Overlap of masks against the same computed with booleans, one pair at a time."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.masks import overlap
from app.masks.codec import pack
from app.masks.overlap import adjusted, intersections, iou, nested


def drawn(shape: tuple[int, int], densities: list[float], seed: int) -> list[NDArray[np.bool_]]:
    draw = np.random.default_rng(seed)
    return [draw.random(shape) < density for density in densities]


@given(
    st.tuples(st.integers(1, 40), st.integers(1, 70)),
    st.lists(st.floats(0, 1), min_size=1, max_size=6),
    st.integers(0, 99),
)
def test_intersections_are_those_of_booleans(shape: tuple[int, int], densities: list[float], seed: int) -> None:
    masks = drawn(shape, densities, seed)
    made = intersections([pack(mask) for mask in masks])
    assert made.dtype == np.int64
    assert made.tolist() == [[int((a & b).sum()) for b in masks] for a in masks]


@pytest.mark.parametrize("size", [6144 * 64, 6144 * 64 + 8, 2 * 6144 * 64 - 8, 6144 * 16 + 8])
def test_blocks_meet_without_a_gap(size: int) -> None:
    """One row as long as a block, a little longer, shorter than two; kept weights at the ends too."""
    a, b = drawn((1, size), [0.5, 1.0], seed=3)
    a[0, [0, -1]] = True
    assert intersections([pack(a), pack(b)]).tolist() == [[a.sum(), a.sum()], [a.sum(), size]]


def test_a_byte_that_counts_three_words_never_overflows() -> None:
    full = np.ones((100, 800), bool)
    assert intersections([pack(full)] * 2).tolist() == [[80_000] * 2] * 2


def test_no_masks_and_masks_of_other_shapes() -> None:
    assert intersections([]).shape == (0, 0)
    with pytest.raises(ValueError, match="same shape"):
        intersections([np.zeros((2, 4), np.uint8), np.zeros((4, 2), np.uint8)])


def test_the_arrays_given_stay_as_they_were() -> None:
    masks = [pack(mask) for mask in drawn((9, 33), [0.3, 0.6], seed=1)]
    before = [mask.copy() for mask in masks]
    for mask in masks:
        mask.flags.writeable = False
    intersections(masks)
    assert all((mask == old).all() for mask, old in zip(masks, before, strict=True))


def test_measures_by_hand() -> None:
    """Two masks of 4 and 6 of 12 weights share 3; the third is empty, the fourth dense."""
    sizes = np.array([4, 6, 0, 12])
    both = np.array([[4, 3, 0, 4], [3, 6, 0, 6], [0, 0, 0, 0], [4, 6, 0, 12]])
    expected = np.outer(sizes, sizes) / 12
    nan = np.nan
    np.testing.assert_allclose(
        iou(both, sizes), [[1, 3 / 7, 0, 1 / 3], [3 / 7, 1, 0, 1 / 2], [0, 0, nan, 0], [1 / 3, 1 / 2, 0, 1]]
    )
    np.testing.assert_allclose(
        adjusted(both, sizes, expected), [[1, 0.5, nan, nan], [0.5, 1, nan, nan], [nan] * 4, [nan] * 4]
    )
    np.testing.assert_array_equal(
        nested(both, sizes),
        [[False, False, False, True], [False, False, False, True], [False] * 4, [True, True, False, False]],
    )
    assert np.isnan(adjusted(both, sizes, np.full((4, 4), nan))).all()


@given(st.integers(0, 99), st.floats(0.05, 0.9), st.floats(0.05, 0.9))
def test_a_mask_with_itself_and_with_one_inside_it_scores_one(seed: int, density: float, kept: float) -> None:
    mask = drawn((20, 30), [density], seed)[0]
    mask[0, 0] = True
    inner = mask & (np.random.default_rng(seed + 1).random(mask.shape) < kept)
    inner[0, 0] = True
    both = intersections([pack(mask), pack(inner)])
    sizes = both.diagonal()
    np.testing.assert_allclose(adjusted(both, sizes, np.outer(sizes, sizes) / mask.size), 1)
    assert nested(both, sizes).tolist() == [[False, True], [True, False]]


def test_all_layers_at_once_are_each_layer_alone() -> None:
    layers = [drawn((8, 16), [0.2, 0.5, 0.7], seed) for seed in range(2)]
    both = np.stack([intersections([pack(mask) for mask in masks]) for masks in layers], axis=2)
    sizes = np.stack([[mask.sum() for mask in masks] for masks in layers], axis=1)
    expected = sizes[:, None] * sizes[None] / 128
    for layer in range(2):
        one = (both[..., layer], sizes[:, layer])
        np.testing.assert_array_equal(iou(both, sizes)[..., layer], iou(*one))
        np.testing.assert_array_equal(nested(both, sizes)[..., layer], nested(*one))
        np.testing.assert_array_equal(adjusted(both, sizes, expected)[..., layer], adjusted(*one, expected[..., layer]))
    assert overlap.smaller(sizes).shape == (3, 3, 2)
