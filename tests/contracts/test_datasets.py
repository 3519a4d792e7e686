"""What the contract says of a data set is what its loader gives."""

from pathlib import Path

import pytest

from app.contract.params import DatasetParams
from app.methods.catalog import CATALOG
from workers.science.build import build


@pytest.mark.parametrize("name", ["digits", "mnist", "cifar10_10k"])
def test_the_splits_are_as_large_and_shaped_as_the_contract_says(name: str, datasets_dir: Path) -> None:
    params = CATALOG["dataset"][name].params
    assert issubclass(params, DatasetParams)
    data = build(CATALOG["dataset"][name])(datasets_dir)
    assert (len(data.train), len(data.test)) == (params.n_train, params.n_test)
    assert len(data.validation) == params.n_validation
    assert data.shape == params.shape
    assert params(kind=name).n_inputs == data.train.x[0].numel()
