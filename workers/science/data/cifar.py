"""The binary version of CIFAR-10: records of one label and 3×32×32 pixels."""

import fcntl
import shutil
import tarfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workers.science.data.dataset import DatasetError
from workers.science.data.files import fetch, read

FOLDER = "cifar-10-batches-bin"
RECORD_BYTES = 1 + 3 * 32 * 32
URL = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
URL_MD5 = "c32a1d4ab5d03f1284b67883e8d87530"
MD5 = {
    "data_batch_1.bin": "5dd7e06a14cb22eb9f671a540d1b7c25",
    "data_batch_2.bin": "5ea93a67294ea407fff1d09f752e9692",
    "data_batch_3.bin": "942cd6a4bcdd0dd3c604fbe906cb4421",
    "data_batch_4.bin": "ae636b3ba5c66a11e91e8cb52e771fcb",
    "data_batch_5.bin": "53f37980c15c3d472c316c40844f3f0d",
    "test_batch.bin": "803d5f7f4d78ea53de84dbe85f74fb6d",
}

Records = tuple[NDArray[np.uint8], NDArray[np.uint8]]


def parse(content: bytes) -> Records:
    """Return pictures `(n, 3, 32, 32)` and labels `(n,)` of a batch file.

    Raises `ValueError` when it is no whole number of records. Source: https://www.cs.toronto.edu/~kriz/cifar.html.
    """
    if len(content) % RECORD_BYTES:
        raise ValueError("not a whole number of CIFAR-10 records")
    records = np.frombuffer(content, np.uint8).reshape(-1, RECORD_BYTES)
    return records[:, 1:].reshape(-1, 3, 32, 32), records[:, 0]


def batch(path: Path, md5: str) -> Records:
    """Read the checked records of one batch file. Raises `DatasetError`."""
    return parse(read(path, md5))


def ensure(directory: Path) -> Path:
    """Return the folder of the six batch files under `directory`; download them when one is absent.

    Raises `DatasetError`.
    """
    folder = directory / FOLDER
    missing = [name for name in MD5 if not (folder / name).is_file()]
    if missing:
        archive = directory / "cifar-10-binary.tar.gz"
        advice = f"Offline, put {', '.join(missing)} from {URL} into {folder}."
        fetch(URL, archive, URL_MD5, advice)
        _unpack(archive, folder, missing)
    return folder


def _unpack(archive: Path, folder: Path, names: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    try:
        # One at a time, so that a file that a killed process left half-written is the next one's to write.
        with archive.with_name(f".{archive.name}.lock").open("w") as lock, tarfile.open(archive) as tar:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for name in names:
                if (folder / name).is_file():
                    continue
                member = tar.extractfile(f"{FOLDER}/{name}")
                if member is None:
                    raise DatasetError(f"{archive} has no {name}: delete it")
                part = folder / f".{name}.part"
                with part.open("wb") as file:
                    shutil.copyfileobj(member, file)
                part.replace(folder / name)
    except (tarfile.TarError, EOFError, KeyError) as error:
        raise DatasetError(f"{archive} cannot be unpacked ({error}): delete it") from error
