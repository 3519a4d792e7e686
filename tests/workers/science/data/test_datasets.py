"""Sizes and splits of every data set, on real data."""

import gzip
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch import Tensor

from workers.science.data import cifar10_10k, digits, fashion_mnist, mnist
from workers.science.data.dataset import Dataset, Split

Load = Callable[..., Dataset]
CASES: dict[str, tuple[Load, tuple[int, int, int], tuple[int, int, int]]] = {
    "digits": (digits.load, (1, 8, 8), (1_257, 180, 360)),
    "mnist": (mnist.load, (1, 28, 28), (55_000, 5_000, 10_000)),
    "fashion_mnist": (fashion_mnist.load, (1, 28, 28), (55_000, 5_000, 10_000)),
    "cifar10_10k": (cifar10_10k.load, (3, 32, 32), (9_000, 1_000, 1_000)),
}


def load(name: str, directory: Path, *, normalise: bool = False) -> Dataset:
    """The real data set; skipped, not downloaded, where this machine has none."""
    where = {
        "mnist": directory / "mnist",
        "fashion_mnist": fashion_mnist.DEBIAN,
        "cifar10_10k": directory / "cifar-10-batches-bin",
    }
    if name in where and not where[name].is_dir():
        pytest.skip(f"no {where[name]} here")
    return CASES[name][0](directory, normalise=normalise)


@pytest.fixture(scope="module", params=list(CASES))
def dataset(request: pytest.FixtureRequest, datasets_dir: Path) -> Dataset:
    return load(request.param, datasets_dir)


def splits(dataset: Dataset) -> tuple[Split, Split, Split]:
    return dataset.train, dataset.validation, dataset.test


def rows(split: Split) -> set[bytes]:
    return {row.tobytes() for row in split.x.flatten(1).numpy()}


def test_sizes_types_and_range(dataset: Dataset) -> None:
    _, shape, sizes = CASES[dataset.name]
    assert dataset.shape == shape
    assert tuple(len(split) for split in splits(dataset)) == sizes
    assert dataset.n_classes == 10
    assert dataset.mean is dataset.std is None
    for split in splits(dataset):
        assert split.x.shape == (len(split), *shape)
        assert (split.x.dtype, split.y.dtype) == (torch.float32, torch.int64)
        assert (split.x.min().item(), split.x.max().item()) == (0, 1)
        assert set(split.y.tolist()) == set(range(10))


def test_the_same_split_every_time(dataset: Dataset, datasets_dir: Path) -> None:
    torch.manual_seed(99)
    again = load(dataset.name, datasets_dir)
    for first, second in zip(splits(dataset), splits(again), strict=True):
        assert torch.equal(first.x, second.x)
        assert torch.equal(first.y, second.y)


def test_digits_are_disjoint_and_complete(datasets_dir: Path) -> None:
    """Against scikit-learn's own reader, row by row: train and validation are its first 1,437 rows, test the rest."""
    dataset, bunch = load("digits", datasets_dir), load_digits()
    pixels = torch.from_numpy(bunch.images / 16).float()[:, None]
    assert torch.equal(dataset.test.x, pixels[-360:])
    assert torch.equal(dataset.test.y, torch.from_numpy(bunch.target[-360:]))
    assert not rows(dataset.train) & rows(dataset.validation)
    labelled = {(x.tobytes(), int(y)) for x, y in zip(pixels[:-360].numpy(), bunch.target[:-360], strict=True)}
    found = {
        (x.numpy().tobytes(), int(y))
        for split in (dataset.train, dataset.validation)
        for x, y in zip(split.x, split.y, strict=True)
    }
    assert found == labelled


@pytest.mark.parametrize("name", ["mnist", "cifar10_10k"])
def test_pictures_are_disjoint(name: str, datasets_dir: Path) -> None:
    dataset = load(name, datasets_dir)
    train, validation, test = (rows(split) for split in splits(dataset))
    assert not train & validation
    assert not train & test
    assert not validation & test


def test_known_pictures(datasets_dir: Path) -> None:
    """MNIST's test labels begin 7 2 1 0 4; the pixels of its first test picture sum to 18,454."""
    dataset = load("mnist", datasets_dir)
    assert dataset.test.y[:5].tolist() == [7, 2, 1, 0, 4]
    assert (dataset.test.x[0] * 255).sum().item() == pytest.approx(18_454)


def test_colours_are_planes(datasets_dir: Path) -> None:
    """CIFAR-10's first test picture, a cat (3), begins with the pixel 158, 112, 49."""
    dataset = load("cifar10_10k", datasets_dir)
    assert dataset.test.y[0] == 3
    assert (dataset.test.x[0, :, 0, 0] * 255).round().tolist() == [158, 112, 49]


@pytest.mark.parametrize("name", list(CASES))
def test_normalised(name: str, datasets_dir: Path) -> None:
    plain, dataset = load(name, datasets_dir), load(name, datasets_dir, normalise=True)
    assert dataset.mean is not None
    assert dataset.std is not None

    def moments(x: Tensor) -> tuple[list[float], list[float]]:
        values = x.numpy().astype(np.float64).transpose(1, 0, 2, 3).reshape(x.shape[1], -1)
        return values.mean(axis=1).tolist(), values.std(axis=1).tolist()

    mean, std = moments(plain.train.x)
    assert dataset.mean.tolist() == pytest.approx(mean, rel=1e-6)
    assert dataset.std.tolist() == pytest.approx(std, rel=1e-6)
    assert moments(dataset.train.x)[0] == pytest.approx([0] * len(mean), abs=1e-5)
    assert moments(dataset.train.x)[1] == pytest.approx([1] * len(mean), abs=1e-5)
    expected = (plain.test.x - dataset.mean.view(-1, 1, 1)) / dataset.std.view(-1, 1, 1)
    assert torch.allclose(dataset.test.x, expected, atol=1e-6)
    assert torch.equal(dataset.validation.y, plain.validation.y)


def test_on_a_device(datasets_dir: Path) -> None:
    dataset = load("digits", datasets_dir, normalise=True)
    moved = dataset.to("meta")
    assert {split.x.device.type for split in splits(moved)} == {"meta"}
    assert (moved.name, moved.shape, moved.mean) == (dataset.name, dataset.shape, dataset.mean)


def test_unpacked_idx_files_do_as_well(datasets_dir: Path, tmp_path: Path) -> None:
    packed = load("mnist", datasets_dir)
    (tmp_path / "mnist").mkdir()
    for path in (datasets_dir / "mnist").glob("*.gz"):
        (tmp_path / "mnist" / path.stem).write_bytes(gzip.decompress(path.read_bytes()))
    assert torch.equal(mnist.load(tmp_path).test.x, packed.test.x)


def test_a_directory_of_one_s_own_goes_before_debian_s(datasets_dir: Path, tmp_path: Path) -> None:
    expected = load("fashion_mnist", datasets_dir)
    shutil.copytree(fashion_mnist.DEBIAN, tmp_path / "fashion_mnist")
    (tmp_path / "fashion_mnist" / "t10k-labels-idx1-ubyte.gz").unlink()  # this one then comes from Debian's
    assert torch.equal(fashion_mnist.load(tmp_path).test.y, expected.test.y)
