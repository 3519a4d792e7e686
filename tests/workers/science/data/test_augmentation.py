"""Pad, crop and flip against the same done in NumPy, picture by picture."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.science.data.augmentation import PAD, cut, draw
from workers.science.data.dataset import Dataset, Split
from workers.science.random import generator


@given(
    n=st.integers(1, 6),
    channels=st.integers(1, 3),
    height=st.integers(1, 9),
    width=st.integers(1, 9),
    seed=st.integers(0, 1000),
)
@settings(max_examples=50, deadline=None)
def test_it_is_what_numpy_does_one_by_one(n: int, channels: int, height: int, width: int, seed: int) -> None:
    x = torch.rand(n, channels, height, width, generator=generator(seed, "x"))
    black = torch.rand(channels, generator=generator(seed, "black"))
    cuts = draw(n, generator(seed, "cuts"))
    moved = cut(x, cuts, black).numpy()
    for picture, (top, left, mirrored), mine in zip(x.numpy(), cuts.tolist(), moved, strict=True):
        padded = np.stack(
            [np.pad(plane, PAD, constant_values=value) for plane, value in zip(picture, black.numpy(), strict=True)]
        )
        theirs = padded[:, top : top + height, left : left + width]
        assert np.array_equal(mine, theirs[:, :, ::-1] if mirrored else theirs)


def test_by_hand() -> None:
    """A picture of 1 2 / 3 4 as it is, mirrored, one further down and right, and out of sight."""
    x = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]]).expand(4, -1, -1, -1)
    cuts = torch.tensor([[4, 4, 0], [4, 4, 1], [3, 3, 0], [0, 4, 0]])
    assert cut(x, cuts, torch.tensor([-1.0])).squeeze(1).tolist() == [
        [[1, 2], [3, 4]],
        [[2, 1], [4, 3]],
        [[-1, -1], [-1, 1]],
        [[-1, -1], [-1, -1]],
    ]
    assert x[0].flatten().tolist() == [1, 2, 3, 4]


def test_every_shift_is_as_likely_as_any_other() -> None:
    """81 corners over 81,000 draws: a chi-squared of 80 degrees of freedom, below 140 in all but 0.004 % of cases."""
    cuts = draw(81_000, generator(0, "cuts"))
    assert cuts.min(dim=0).values.tolist() == [0, 0, 0]
    assert cuts.max(dim=0).values.tolist() == [8, 8, 1]
    seen = torch.bincount(cuts[:, 0] * 9 + cuts[:, 1], minlength=81).double()
    assert float(((seen - 1000) ** 2 / 1000).sum()) < 140
    assert abs(float(cuts[:, 2].double().mean()) - 0.5) < 0.01


@pytest.mark.parametrize(("mean", "std", "black"), [(None, None, [0, 0]), ([0.5, 0.1], [0.25, 0.2], [-2, -0.5])])
def test_black_is_what_the_normalisation_makes_of_0(
    mean: list[float] | None, std: list[float] | None, black: list[float]
) -> None:
    split = Split(torch.zeros(1, 2, 3, 3), torch.zeros(1, dtype=torch.int64))
    first, second = (None if item is None else torch.tensor(item) for item in (mean, std))
    assert Dataset("two", split, split, split, 10, first, second).black.tolist() == pytest.approx(black)
