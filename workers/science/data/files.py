"""Files of data sets: read those already here, whatever their packing, and fetch the others; check each of them."""

import fcntl
import gzip
import hashlib
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from workers.science.data.dataset import DatasetError

if TYPE_CHECKING:
    import pooch


def read(path: Path, md5: str) -> bytes:
    """Return the content of `path`, unpacked if its name ends in .gz, checked against the MD5 of *unpacked* content.

    The gzip header holds a name and a time, so equal data sets come in archives of different hashes.
    Raises `DatasetError` naming the file when its content is another.
    """
    content = path.read_bytes()
    if path.suffix == ".gz":
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise DatasetError(
                f"{path} is not a whole gzip file ({error}): delete it or replace it with an intact copy"
            ) from error
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if digest != md5:
        raise DatasetError(
            f"{path} is not the published file: its content has MD5 {digest} instead of {md5}; "
            "delete it or replace it with an intact copy"
        )
    return content


def first_existing(folders: Sequence[Path], names: Sequence[str]) -> Path | None:
    """Return the first of `names` that exists in the first of `folders` that has one; None when there is none."""
    return next((path for folder in folders for name in names if (path := folder / name).is_file()), None)


def fetch(url: str, path: Path, md5: str, advice: str) -> None:
    """Download `url`, whose bytes have `md5`, to `path`, unless it exists by now.

    Atomic: `path` appears whole or not at all. An interrupted download leaves `path`.part and the next one goes on from
    there. Processes that want the same file wait for each other.
    Raises `DatasetError` with `advice`, on which file to put where by hand, when the download fails.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.with_name(f".{path.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not path.exists():
                _download(url, path, md5)
    except OSError as error:  # what requests and the file system raise
        raise DatasetError(f"{url} cannot be downloaded ({type(error).__name__}). {advice}") from error
    except ValueError as error:  # what pooch raises
        raise DatasetError(f"{url} is not the published file: its MD5 is not {md5}. {advice}") from error


def _download(url: str, path: Path, md5: str) -> None:
    import pooch  # which only a download pays, and not each training
    import requests

    part = path.with_name(f"{path.name}.part")

    def resume(url: str, output: str, downloader: "pooch.Pooch") -> None:
        have = part.stat().st_size if part.exists() else 0
        # Unpacked on the way, the bytes could not be counted.
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
        with part.open("ab") as file:
            pooch.HTTPDownloader(progressbar=True, chunk_size=1 << 16, headers=headers)(url, file, downloader)
        part.replace(output)

    def retrieve() -> None:
        pooch.retrieve(url, f"md5:{md5}", path.name, path.parent, downloader=resume)

    resumed = part.exists()
    try:
        return retrieve()
    except ValueError:  # the hash is wrong: the part was no beginning of this file, and went with the rest
        if not resumed:
            raise
    except requests.HTTPError as error:  # nothing lies beyond the part: it is no beginning of this file, or all of it
        if error.response is None or error.response.status_code != requests.codes.requested_range_not_satisfiable:
            raise
        part.unlink()
    return retrieve()
