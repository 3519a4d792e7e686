"""The data set of an experiment, read once in a process."""

from functools import lru_cache
from pathlib import Path

import torch

from app.contract.params import DatasetParams
from workers.science.build import build
from workers.science.data.dataset import Dataset


@lru_cache(maxsize=1)
def dataset(params: DatasetParams, datasets_dir: Path) -> Dataset:
    """Return the data set that the parameters name, so that `describe` and `run` read its files once."""
    data: Dataset = build(params)(datasets_dir)
    return data


@lru_cache(maxsize=1)
def dataset_on(device: torch.device, params: DatasetParams, datasets_dir: Path) -> Dataset:
    """Return the same on `device`, where all replicates of a process share it."""
    return dataset(params, datasets_dir).to(device)
