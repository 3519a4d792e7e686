"""A picture in weights, by hand."""

import numpy as np
import pytest

from app.pictures.watermark import mark

WEIGHTS = np.array([[1, -2], [3, -6]], np.float32)
INK = np.array([[0, 1], [0.5, 0]], np.float32)


def test_multiplicative() -> None:
    made = mark(WEIGHTS, INK, contrast=1, placement="multiplicative")
    assert made.dtype == np.float32
    assert made.tolist() == [[1, 0], [1.5, -6]]
    assert mark(WEIGHTS, INK, contrast=0.5, placement="multiplicative").tolist() == [[1, -1], [2.25, -6]]


def test_additive() -> None:
    # The mean is -1, so the mean square deviation is (4 + 1 + 16 + 25) / 4.
    spread = np.sqrt(11.5)
    made = mark(WEIGHTS, INK, contrast=0.5, placement="additive")
    assert np.allclose(made, [[1, -2 + spread / 2], [3 + spread / 4, -6]], atol=1e-6)


def test_weights_are_not_changed_and_shapes_must_agree() -> None:
    before = WEIGHTS.copy()
    mark(WEIGHTS, INK, contrast=1, placement="multiplicative")
    assert np.array_equal(WEIGHTS, before)
    with pytest.raises(ValueError, match="does not fit"):
        mark(WEIGHTS, INK[:1], contrast=1, placement="additive")
