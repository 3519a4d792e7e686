"""Estimates of memory against numbers worked out by hand."""

from functools import partial
from pathlib import Path

import pytest
import torch
from torch import nn

from workers.science.data import digits
from workers.science.data.dataset import Dataset, Split
from workers.science.models import conv_2, lenet_300_100
from workers.science.optim import adam, momentum_sgd, sgd
from workers.science.stacked.footprint import Footprint, footprint

FLOAT = 4
LENET = 64 * 300 + 300 * 100 + 100 * 10
"""Weights that have masks; beside them 410 biases."""


def pictures(n: int, side: int = 8) -> Dataset:
    split = Split(torch.zeros(n, 1, side, side), torch.zeros(n, dtype=torch.int64))
    return Dataset("zeros", split, split, split, 10)


@pytest.mark.parametrize(("optimizer", "remembered"), [(sgd, 0), (momentum_sgd, 1), (adam, 2)], ids=str)
def test_a_perceptron_in_a_large_batch(optimizer: object, remembered: int) -> None:
    """Weights, gradients and what is remembered of each; masks; a batch of 1,000 through six layers."""
    data = pictures(1000)
    needed = footprint(lenet_300_100.build((1, 8, 8), 10), optimizer.build, data, 1000)  # type: ignore[attr-defined]
    weights = (2 + remembered) * (LENET + 410) + LENET
    batch = 1000 * 2 * (64 + 64 + 300 + 300 + 100 + 100 + 10)
    assert needed.per_replicate == FLOAT * (weights + batch)
    assert needed.shared == 3 * 1000 * (64 * 4 + 8)


def test_a_small_batch_takes_less_than_an_evaluation() -> None:
    """Of 500 examples at once, where the widest layer takes 300 numbers and puts out as many."""
    needed = footprint(lenet_300_100.build((1, 8, 8), 10), sgd.build, pictures(1000), 2)
    assert needed.per_replicate == FLOAT * (2 * (LENET + 410) + LENET + 500 * 600)


def test_a_batch_and_an_evaluation_are_no_larger_than_the_data() -> None:
    few, more = (
        footprint(lenet_300_100.build((1, 8, 8), 10), sgd.build, pictures(7), batch_size) for batch_size in (7, 1000)
    )
    assert few == more
    assert few.per_replicate == FLOAT * (2 * (LENET + 410) + LENET + 7 * 2 * 938)


def test_convolutions_count_every_map() -> None:
    """Conv-2 on 8×8: two layers of 64 maps, each with its ReLU, a pooling to 4×4, then 1,024, 256, 256 and 10."""
    needed = footprint(conv_2.build((1, 8, 8), 10), sgd.build, pictures(1000), 1000)
    kernels = 64 * 9 + 64 * 64 * 9
    linear = 1024 * 256 + 256 * 256 + 256 * 10
    biases = 64 + 64 + 256 + 256 + 10
    maps = 4 * 64 * 64 + 64 * 16
    numbers = 64 + maps + 1024 + 4 * 256 + 10
    assert needed.per_replicate == FLOAT * (3 * (kernels + linear) + 2 * biases + 1000 * 2 * numbers)


def test_what_fits_is_what_is_left_by_what_is_shared() -> None:
    asked = Footprint(shared=100, per_replicate=30)
    assert [asked.fit(room) for room in (0, 99, 129, 130, 189, 190, 1000)] == [0, 0, 0, 1, 2, 3, 30]


def test_it_is_at_least_what_a_training_step_holds_on_to() -> None:
    """Against what autograd says that it saved for the way back, and what optimizers hold."""
    data, model = digits.load(Path()), lenet_300_100.build((1, 8, 8), 10)
    saved: dict[int, int] = {}

    def note(tensor: torch.Tensor) -> torch.Tensor:
        saved[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        loss = nn.functional.cross_entropy(model(data.train.x[:1000]), data.train.y[:1000])
    loss.backward()  # type: ignore[no-untyped-call]
    held = sum(saved.values())
    needed = footprint(lenet_300_100.build((1, 8, 8), 10), partial(adam.build), data, 1000)
    # More, as autograd lets go of much of it early.
    assert held < needed.per_replicate < 5 * held
