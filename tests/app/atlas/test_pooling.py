"""Blocks pooled fast equal blocks pooled one by one."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from app.atlas.pooling import block_extreme, block_max, block_sum, whole_blocks

SIDES = st.integers(1, 5)
MATRICES = st.tuples(st.integers(1, 12), st.integers(1, 12)).flatmap(lambda shape: arrays(np.uint8, shape))


def blocks(values: np.ndarray, high: int, wide: int) -> list[list[np.ndarray]]:
    return [
        [values[i : i + high, j : j + wide] for j in range(0, values.shape[1], wide)]
        for i in range(0, values.shape[0], high)
    ]


@given(MATRICES, SIDES, SIDES)
def test_sums_and_maxima(values: np.ndarray, high: int, wide: int) -> None:
    whole = whole_blocks(values, high, wide)
    assert block_sum(whole, high, wide).tolist() == [[int(b.sum()) for b in row] for row in blocks(values, high, wide)]
    assert block_max(whole, high, wide).tolist() == [[int(b.max()) for b in row] for row in blocks(values, high, wide)]


@given(MATRICES, SIDES, SIDES)
def test_the_extreme_is_farthest_from_the_middle(values: np.ndarray, high: int, wide: int) -> None:
    made = block_extreme(whole_blocks(values, high, wide), high, wide)
    for i, row in enumerate(blocks(values, high, wide)):
        for j, block in enumerate(row):
            there = [int(value) for value in block.reshape(-1) if value]
            expected = max(there, key=lambda value: (abs(value - 128), value)) if there else 0
            assert made[i, j] == expected
