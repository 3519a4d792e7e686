"""The first 10,000 training pictures of CIFAR-10 and its first 1,000 test pictures: a part, never CIFAR-10."""

from pathlib import Path

from workers.science.data.cifar import FOLDER, MD5, batch, ensure
from workers.science.data.dataset import Dataset, assemble

TEST_HEAD = "test_batch_first1000.bin"
TEST_HEAD_MD5 = "371f65da31ad652f5e24b3699a3e6515"


def load(directory: Path, *, normalise: bool = False) -> Dataset:
    """Load the part from `directory`/cifar-10-batches-bin, the whole downloaded when it is absent.

    9,000 train, 1,000 validation and 1,000 test rows. The test rows come from test_batch_first1000.bin or the head of
    test_batch.bin. Raises `DatasetError`. Source: Krizhevsky 2009.
    """
    folder = directory / FOLDER
    head = folder / TEST_HEAD
    if not (folder / "data_batch_1.bin").is_file() or not (head.is_file() or (folder / "test_batch.bin").is_file()):
        ensure(directory)
    if head.is_file():
        test = batch(head, TEST_HEAD_MD5)
    else:
        pictures, labels = batch(folder / "test_batch.bin", MD5["test_batch.bin"])
        test = pictures[:1_000], labels[:1_000]
    return assemble(
        "cifar10_10k",
        batch(folder / "data_batch_1.bin", MD5["data_batch_1.bin"]),
        test,
        n_validation=1_000,
        white=255,
        normalise=normalise,
    )
