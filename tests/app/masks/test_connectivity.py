"""Dead units and paths, against loops over the weights themselves."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from app.masks.codec import pack
from app.masks.connectivity import dead, paths, spread_of


@given(arrays(np.bool_, st.tuples(st.integers(1, 6), st.integers(1, 12))))
def test_dead_of_a_linear_layer(mask: np.ndarray) -> None:
    unread = sum(not mask[:, j].any() for j in range(mask.shape[1]))
    unfed = sum(not mask[i].any() for i in range(mask.shape[0]))
    assert dead(pack(mask), mask.shape) == (unread, unfed)


@given(arrays(np.bool_, st.tuples(st.integers(1, 4), st.integers(1, 5), st.integers(1, 3), st.integers(1, 3))))
def test_dead_of_a_convolution_counts_channels(mask: np.ndarray) -> None:
    unread = sum(not mask[:, c].any() for c in range(mask.shape[1]))
    unfed = sum(not mask[i].any() for i in range(mask.shape[0]))
    assert dead(pack(mask), mask.shape) == (unread, unfed)


def test_paths_through_two_linear_layers_are_a_product_of_masks() -> None:
    random = np.random.default_rng(0)
    first, second = random.random((7, 11)) < 0.4, random.random((3, 7)) < 0.5
    for unit in range(11):
        path_counts = paths(unit, 11, [(pack(first), first.shape, 1), (pack(second), second.shape, 1)])
        assert np.array_equal(path_counts[0], first[:, unit])
        assert np.array_equal(path_counts[1], (second.astype(int) @ first.astype(int))[:, unit])


def test_a_flattened_channel_is_read_by_its_own_pixels() -> None:
    mask = np.zeros((2, 3 * 4), bool)
    mask[0, 4:8] = mask[1, 7] = mask[1, 8] = True  # channel 1 has the columns 4 to 7
    (reach,) = paths(1, 3, [(pack(mask), mask.shape, 1)])
    assert reach.tolist() == [4, 1]


def test_a_kernel_counts_each_kept_position() -> None:
    mask = np.zeros((2, 2, 3, 3), bool)
    mask[1, 0] = True
    mask[0, 1, 0, 0] = True
    (reach,) = paths(0, 2, [(pack(mask), mask.shape, 1)])
    assert reach.tolist() == [0, 9]


@given(arrays(np.bool_, st.tuples(st.just(6), st.just(2), st.integers(1, 3))))
def test_groups_of_a_convolution_read_channels_of_their_own(mask: np.ndarray) -> None:
    # Three groups: two units and two channels each.
    dense = np.zeros((6, 6, mask.shape[2]), bool)
    for unit in range(6):
        dense[unit, 2 * (unit // 2) : 2 * (unit // 2) + 2] = mask[unit]
    assert dead(pack(mask), mask.shape, 3) == dead(pack(dense), dense.shape)
    for channel in range(6):
        (reach,) = paths(channel, 6, [(pack(mask), mask.shape, 3)])
        (expected,) = paths(channel, 6, [(pack(dense), dense.shape, 1)])
        assert np.array_equal(reach, expected)


def test_layers_that_do_not_follow_each_other_end_the_way() -> None:
    mask = np.ones((2, 5), bool)
    assert paths(0, 3, [(pack(mask), mask.shape, 1)]) == []
    assert spread_of(3, 5) is None
    assert spread_of(64, 64 * 49) == 49
