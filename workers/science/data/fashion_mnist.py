"""Fashion-MNIST: clothes of 28×28, in MNIST's format and sizes."""

from pathlib import Path

from workers.science.data.dataset import Dataset
from workers.science.data.idx import IdxFile, IdxFiles, load_idx

DEBIAN = Path("/usr/share/datasets/fashion-mnist")
"""Where Debian's package `dataset-fashion-mnist` puts it."""

FILES = IdxFiles(
    IdxFile("train-images-idx3-ubyte", "f4a8712d7a061bf5bd6d2ca38dc4d50a", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
    IdxFile("train-labels-idx1-ubyte", "9018921c3c673c538a1fc5bad174d6f9", "25c81989df183df01b3e8a0aad5dffbe"),
    IdxFile("t10k-images-idx3-ubyte", "8181f5470baa50b63fa0f6fddb340f0a", "bef4ecab320f06d8554ea6380940ec79"),
    IdxFile("t10k-labels-idx1-ubyte", "15d484375f8d13e6eb1aabb0c3f46965", "bb300cfdad3c16e7a12a480ee83cd310"),
    base_url="https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
)


def load(directory: Path, *, normalise: bool = False) -> Dataset:
    """Load Fashion-MNIST from `directory`/fashion_mnist or Debian's package, downloaded when absent.

    55,000 train, 5,000 validation and 10,000 test rows.
    Raises `DatasetError`. Source: Xiao, Rasul & Vollgraf 2017, arXiv 1708.07747.
    """
    return load_idx("fashion_mnist", (directory / "fashion_mnist", DEBIAN), FILES, normalise=normalise)
