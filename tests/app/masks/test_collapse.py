"""Layer collapse: against a network that is run, and what is proved from counts against the masks themselves."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.masks.codec import pack
from app.masks.collapse import Counts, Gap, chained, connected, first_cut, gap
from app.masks.connectivity import dead

Shape = tuple[int, ...]


@st.composite
def networks(draw: st.DrawFn) -> list[np.ndarray]:
    """Masks of a chain: up to two convolutions, flattened pictures of two positions, then linear layers."""
    widths = draw(st.lists(st.integers(1, 5), min_size=2, max_size=5))
    convolutions = draw(st.integers(0, min(2, len(widths) - 2)))
    density = draw(st.sampled_from([0.15, 0.4, 0.8]))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    masks = []
    for number, (n_in, n_out) in enumerate(pairwise(widths)):
        kernel = (2, 2) if number < convolutions else ()
        inputs = n_in * (2 if convolutions and number == convolutions else 1)
        masks.append(random.random((n_out, inputs, *kernel)) < density)
    return masks


def packed(masks: Sequence[np.ndarray]) -> list[tuple[np.ndarray, Shape]]:
    return [(pack(mask), mask.shape) for mask in masks]


def counts(masks: Sequence[np.ndarray]) -> list[Counts]:
    return [Counts(int(mask.sum()), *dead(pack(mask), mask.shape)) for mask in masks]


def signal(masks: Sequence[np.ndarray]) -> int | None:
    """The first layer that a signal does not pass: positive inputs through the masks as weights."""
    reached = np.ones(masks[0].shape[1])
    for number, mask in enumerate(masks):
        weights = mask.reshape(*mask.shape[:2], -1).sum(axis=2)
        reached = weights @ np.repeat(reached, weights.shape[1] // len(reached))
        if not reached.any():
            return number
    return None


@given(networks())
def test_the_cut_is_where_a_signal_ends(masks: list[np.ndarray]) -> None:
    assert first_cut(packed(masks)) == signal(masks)


@given(networks())
def test_counts_never_prove_a_path_that_is_not_there(masks: list[np.ndarray]) -> None:
    if connected([mask.shape for mask in masks], counts(masks)):
        assert signal(masks) is None


def test_counts_prove_the_path_of_a_network_that_is_not_very_sparse() -> None:
    random = np.random.default_rng(0)
    masks = [random.random(shape) < 0.1 for shape in [(300, 784), (100, 300), (10, 100)]]

    def unread() -> int | None:
        pytest.fail("masks are read where counts suffice")

    assert gap([mask.shape for mask in masks], counts(masks), unread) is None


def found(masks: Sequence[np.ndarray]) -> Gap | None:
    return gap([mask.shape for mask in masks], counts(masks), lambda: first_cut(packed(masks)))


def test_an_empty_layer_cuts_a_chain() -> None:
    masks = [np.ones((8, 16), bool), np.zeros((6, 8), bool), np.zeros((4, 6), bool)]
    assert found(masks) == Gap(empty=(1, 2), cut=1, bridged=False)


def test_a_network_may_be_cut_though_no_layer_is_empty() -> None:
    first, second = np.zeros((4, 3), bool), np.zeros((2, 4), bool)
    first[0] = second[:, 1] = True
    assert found([first, second]) == Gap(empty=(), cut=1, bridged=False)


def test_a_shortcut_may_lead_around_layers_of_one_width() -> None:
    masks = [np.ones((8, 16), bool), np.zeros((8, 8), bool), np.ones((4, 8), bool)]
    assert found(masks) == Gap(empty=(1,), cut=1, bridged=True)


def test_where_sizes_do_not_fit_only_empty_layers_are_known() -> None:
    masks = [np.ones((16, 3, 3, 3), bool), np.zeros((32, 8, 1, 1), bool), np.ones((10, 32), bool)]
    assert not chained([mask.shape for mask in masks])
    assert found(masks) == Gap(empty=(1,), cut=None, bridged=True)
    assert found([np.ones((16, 3, 3, 3), bool), np.ones((32, 8, 1, 1), bool)]) is None
