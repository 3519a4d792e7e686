"""CIFAR-10: colour photographs of 32×32."""

from pathlib import Path

import numpy as np

from workers.science.data.cifar import MD5, batch, ensure
from workers.science.data.dataset import Dataset, assemble


def load(directory: Path, *, normalise: bool = False) -> Dataset:
    """Load CIFAR-10 from `directory`/cifar-10-batches-bin, downloaded when absent.

    45,000 train, 5,000 validation and 10,000 test rows. Raises `DatasetError`. Source: Krizhevsky 2009.
    """
    folder = ensure(directory)
    batches = [batch(folder / name, md5) for name, md5 in MD5.items() if name != "test_batch.bin"]
    return assemble(
        "cifar10",
        (np.concatenate([x for x, _ in batches]), np.concatenate([y for _, y in batches])),
        batch(folder / "test_batch.bin", MD5["test_batch.bin"]),
        n_validation=5_000,
        white=255,
        normalise=normalise,
    )
