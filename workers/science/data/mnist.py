"""MNIST: handwritten digits of 28×28."""

from pathlib import Path

from workers.science.data.dataset import Dataset
from workers.science.data.idx import IdxFile, IdxFiles, load_idx

# The original host is not meant for programs; this mirror is the one that torchvision tries first.
FILES = IdxFiles(
    IdxFile("train-images-idx3-ubyte", "6bbc9ace898e44ae57da46a324031adb", "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
    IdxFile("train-labels-idx1-ubyte", "a25bea736e30d166cdddb491f175f624", "d53e105ee54ea40749a09fcbcd1e9432"),
    IdxFile("t10k-images-idx3-ubyte", "2646ac647ad5339dbf082846283269ea", "9fb629c4189551a2d022fa330f9573f3"),
    IdxFile("t10k-labels-idx1-ubyte", "27ae3e4e09519cfbb04c329615203637", "ec29112dd5afa0611ce80d1b7f02629c"),
    base_url="https://ossci-datasets.s3.amazonaws.com/mnist/",
)


def load(directory: Path, *, normalise: bool = False) -> Dataset:
    """Load MNIST from `directory`/mnist, downloaded when absent: 55,000 train, 5,000 validation and 10,000 test rows.

    Raises `DatasetError`. Source: LeCun, Bottou, Bengio & Haffner 1998.
    """
    return load_idx("mnist", (directory / "mnist",), FILES, normalise=normalise)
