"""MNIST's idx format, and data sets that come as its four files."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workers.science.data.dataset import Dataset, DatasetError, assemble
from workers.science.data.files import fetch, first_existing, read


@dataclass(frozen=True)
class IdxFile:
    """One file: its name without .gz, the MD5 of its content, and that of the published .gz."""

    name: str
    md5: str
    md5_gz: str


@dataclass(frozen=True)
class IdxFiles:
    """The four files of a data set, and the address that has them all."""

    train_images: IdxFile
    train_labels: IdxFile
    test_images: IdxFile
    test_labels: IdxFile
    base_url: str


def parse(content: bytes) -> NDArray[np.uint8]:
    """Return the array in an idx file of unsigned bytes, of the shape that its header gives.

    Raises `ValueError` for any other content. Source: http://yann.lecun.com/exdb/mnist/, "the IDX file format".
    """
    if len(content) < 4 or content[:3] != b"\x00\x00\x08":
        raise ValueError("not an idx file of unsigned bytes")
    n_dims = content[3]
    start = 4 + 4 * n_dims
    shape = tuple(int(n) for n in np.frombuffer(content[4:start], ">u4"))
    if len(shape) != n_dims or len(content) != start + prod(shape):
        raise ValueError("an idx file whose length does not match its header")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def load_idx(name: str, folders: Sequence[Path], files: IdxFiles, *, normalise: bool) -> Dataset:
    """Load the data set from the first of `folders` that has each file, as .gz or unpacked.

    An absent file is downloaded to the first folder. 5,000 of the 60,000 training rows validate. Raises `DatasetError`.
    """

    def array(file: IdxFile) -> NDArray[np.uint8]:
        path = first_existing(folders, (f"{file.name}.gz", file.name))
        if path is None:
            path = folders[0] / f"{file.name}.gz"
            advice = f"Offline, put {file.name}.gz from {files.base_url} into {folders[0]}, with the other three."
            fetch(f"{files.base_url}{file.name}.gz", path, file.md5_gz, advice)
        try:
            return parse(read(path, file.md5))
        except ValueError as error:
            raise DatasetError(f"{path}: {error}") from error

    return assemble(
        name,
        (array(files.train_images)[:, None], array(files.train_labels)),
        (array(files.test_images)[:, None], array(files.test_labels)),
        n_validation=5_000,
        white=255,
        normalise=normalise,
    )
