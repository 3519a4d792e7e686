"""What the contract says of a data set is what its loader gives."""

from pathlib import Path

import pytest

from app.contract.catalog import CATALOG
from app.contract.params import DatasetParams
from workers.science.build import build


@pytest.mark.parametrize("name", ["digits", "mnist", "cifar10_10k"])
def test_the_training_split_is_as_large_as_the_contract_says(name: str, datasets_dir: Path) -> None:
    params = CATALOG["dataset"][name].params
    assert issubclass(params, DatasetParams)
    assert len(build(CATALOG["dataset"][name])(datasets_dir).train) == params.n_train
