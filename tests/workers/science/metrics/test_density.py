"""Density counts the mask."""

import torch

from workers.science.metrics.density import Count, counts, density


def test_by_hand() -> None:
    masks = {
        "fc1.weight": torch.tensor([[True, False], [False, False]]),
        "fc2.weight": torch.tensor([[True], [True]]),
        "fc3.weight": torch.zeros(1, 2, dtype=torch.bool),
    }
    assert counts(masks) == {"fc1.weight": Count(1, 4), "fc2.weight": Count(2, 2), "fc3.weight": Count(0, 2)}
    assert density(masks) == 3 / 8


def test_nothing_to_prune() -> None:
    assert density({}) == 1.0
