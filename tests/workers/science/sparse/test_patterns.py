"""Whole units and two of four: worked out by hand, and what holds for every mask."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from workers.science.sparse.patterns import two_of_four, whole_units


def full(*shape: int) -> torch.Tensor:
    return torch.ones(shape, dtype=torch.bool)


def test_two_of_four_by_hand() -> None:
    weight = torch.tensor([[1.0, -4.0, 3.0, 2.0, 0.1, 5.0], [2.0, 2.0, 2.0, 2.0, -1.0, 0.0]])
    mask = full(2, 6)
    mask[0, 1] = False
    assert two_of_four(weight, mask).int().tolist() == [[0, 0, 1, 1, 1, 1], [1, 1, 0, 0, 1, 1]]


@given(st.integers(1, 5), st.integers(1, 13), st.integers(0, 2**31))
def test_two_of_four_keeps_the_largest_it_may(n_out: int, n_in: int, seed: int) -> None:
    draw = torch.Generator().manual_seed(seed)
    weight, mask = torch.randn(n_out, n_in, generator=draw), torch.rand(n_out, n_in, generator=draw) < 0.7
    kept = two_of_four(weight, mask)
    assert not (kept & ~mask).any()
    for row in range(n_out):
        for first in range(0, n_in, 4):
            here = slice(first, first + 4)
            assert int(kept[row, here].sum()) == min(2, int(mask[row, here].sum()))
            dropped = weight[row, here].abs()[mask[row, here] & ~kept[row, here]]
            if len(dropped):
                assert dropped.max() <= weight[row, here].abs()[kept[row, here]].min()


def test_a_layer_keeps_whole_inputs() -> None:
    made = whole_units({"fc.weight": full(3, 10)}, 0.2)
    assert made["fc.weight"].sum(dim=0).tolist() == [3, 3, 0, 0, 0, 0, 0, 0, 0, 0]
    assert int(whole_units({"fc.weight": full(3, 10)}, 0.001)["fc.weight"].any(dim=0).sum()) == 1


def test_a_network_keeps_the_same_share_of_each_hidden_layer() -> None:
    """784–300–100–10 with half of its units has 784·150 + 150·50 + 50·10 of its weights."""
    masks = {"fc1.weight": full(300, 784), "fc2.weight": full(100, 300), "fc3.weight": full(10, 100)}
    made = whole_units(masks, (784 * 150 + 150 * 50 + 50 * 10) / 266_200)
    assert [tuple(int(n) for n in (mask.any(1).sum(), mask.any(0).sum())) for mask in made.values()] == [
        (150, 784), (50, 150), (10, 50),
    ]  # fmt: skip


def test_a_channel_is_all_its_pixels_where_pictures_are_flattened() -> None:
    masks = {"conv1.weight": full(4, 1, 3, 3), "fc1.weight": full(6, 4 * 9), "fc2.weight": full(2, 6)}
    made = whole_units(masks, 0.3)
    channels = int(made["conv1.weight"].flatten(1).any(1).sum())
    assert made["fc1.weight"].any(0).tolist() == [True] * 9 * channels + [False] * 9 * (4 - channels)
    assert made["fc2.weight"].any(1).all()
