"""Masks come back as they went in, whatever their shape; nested levels keep within the bound of storage."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from app.masks.codec import decode, encode, full, matrix, pack, size_of, unpack

MASKS = array_shapes(min_dims=1, max_dims=4, max_side=9).flatmap(lambda shape: arrays(np.bool_, shape))


@given(MASKS)
def test_packed_rows_come_back(mask: np.ndarray) -> None:
    rows, columns = size_of(mask.shape)
    bits = pack(mask)
    assert bits.shape == (rows, -(-columns // 8))
    assert np.array_equal(unpack(bits, columns), matrix(mask))


@given(MASKS, st.randoms())
def test_a_mask_comes_back_from_what_differs(mask: np.ndarray, random: object) -> None:
    rows, columns = size_of(mask.shape)
    for base in (full(rows, columns), pack(np.zeros(mask.shape)), pack(mask)):
        assert np.array_equal(decode(encode(pack(mask), base), base), pack(mask))


def test_full_keeps_every_weight_and_no_padding() -> None:
    assert np.bitwise_count(full(3, 11)).sum() == 33


def test_damage_is_noticed() -> None:
    base = full(64, 64)
    data = encode(pack(np.random.default_rng(0).random((64, 64)) < 0.5), base)
    with pytest.raises(ValueError, match="damaged"):
        decode(data[:-9], base)
    with pytest.raises(ValueError, match="bytes where its base has"):
        decode(data, full(64, 65 * 8))
    with pytest.raises(ValueError, match="damaged"):
        decode(np.zeros(9, np.uint8), base)


def test_nested_levels_take_a_third_of_a_bit_per_weight_and_level() -> None:
    score = np.random.default_rng(1).random((512, 512))
    before, stored = full(512, 512), 0
    for level in range(1, 21):
        bits = pack(score < 0.8**level)
        stored += encode(bits, before).size
        before = bits
    assert 8 * stored / score.size / 20 < 0.33
