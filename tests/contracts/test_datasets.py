"""What the contract says of a data set is what its loader gives."""

from pathlib import Path

import pytest
import torch

from app.contract.params import DatasetParams
from app.methods.catalog import CATALOG
from workers.science.build import build
from workers.science.train.task import NEXT_TOKEN


@pytest.mark.parametrize("name", ["digits", "mnist", "cifar10_10k", "tiny_shakespeare"])
def test_the_splits_are_as_large_and_shaped_as_the_contract_says(name: str, datasets_dir: Path) -> None:
    params = CATALOG["dataset"][name].params
    assert issubclass(params, DatasetParams)
    data = build(CATALOG["dataset"][name])(datasets_dir)
    assert (len(data.train), len(data.test)) == (params.n_train, params.n_test)
    assert len(data.validation) == params.n_validation
    assert data.shape == params.shape
    assert params(kind=name).n_inputs == data.train.x[0].numel()
    assert data.n_classes == params.n_classes
    assert (data.task is NEXT_TOKEN) == (params.examples == "text")


def test_the_best_constant_guess_at_a_next_character_is_what_the_contract_says(datasets_dir: Path) -> None:
    params = CATALOG["dataset"]["tiny_shakespeare"].params
    assert issubclass(params, DatasetParams)
    data = build(CATALOG["dataset"]["tiny_shakespeare"])(datasets_dir)
    most = torch.bincount(data.train.y.flatten()).argmax()
    assert params.guess == pytest.approx((data.test.y == most).double().mean().item(), abs=5e-4)
