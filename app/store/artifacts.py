"""Bytes that outlive a run, named by their SHA-256, wherever fsspec reaches."""

import hashlib
import os
import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import Any, BinaryIO, ParamSpec, TypeVar

from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem
from sqlalchemy import Connection, select

from app.records import ArtifactRef
from app.store.errors import Corrupt, NotFound, Unreachable
from app.store.lookup import coordinates
from app.store.tables import artifacts

_SYNCS_AT_ONCE = 8
_PIECE_BYTES = 2**20
_SHA256 = re.compile("[0-9a-f]{64}")
HASHED = re.compile(r"([0-9a-f]{2})/\1[0-9a-f]{62}")
"""What `put` names a file, below the root."""
_FOLDER = 2  # characters of the name of a folder
# A caller that waits for a store that does not answer gets an error within seconds.
_OPTIONS = {"s3": {"config_kwargs": {"connect_timeout": 2, "read_timeout": 20, "retries": {"total_max_attempts": 3}}}}


P = ParamSpec("P")
R = TypeVar("R")


def _explained(method: Callable[P, R]) -> Callable[P, R]:
    """Return a method that raises Unreachable, an OSError, for the errors that the driver of an object store has."""

    @wraps(method)
    def explained(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return method(*args, **kwargs)
        except Exception as error:
            if isinstance(args[0], Artifacts) and not isinstance(error, FileNotFoundError | FileExistsError):
                args[0].errors += 1
            # The driver is imported only where artifacts are in such a store.
            if any(base.__module__ == "botocore.exceptions" for base in type(error).__mro__):
                raise Unreachable(f"the artifact store cannot be reached: {error}") from error
            raise

    return explained


class Artifacts:
    """Content-addressed files under one URL: written whole or not at all, checked when read.

    A power cut loses nothing that was put and then synced to the disk.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.errors = 0
        """How often files could not be read or written here since the start; what is not there is no error."""
        # Other machines put files there as well: a listing is never remembered.
        self.fs, self.root = url_to_fs(url, use_listings_cache=False, **_OPTIONS.get(url.partition(":")[0], {}))

    @property
    def folder(self) -> Path | None:
        """Return where the files are, if on a file system of this machine."""
        return Path(self.root) if isinstance(self.fs, LocalFileSystem) else None

    @_explained
    def put(self, data: bytes) -> str:
        """Store bytes under their hash, which is returned. Raises OSError when there is no room.

        Bytes that are already there are written again: that renews their age, so that no sweep takes them.
        """
        if self.folder is not None:
            return self.put_pieces([data])[0]
        # An object store takes a file whole or not at all, in one request.
        sha256 = hashlib.sha256(data).hexdigest()
        self.fs.pipe_file(self.path(sha256), data)
        return sha256

    @_explained
    def put_pieces(self, pieces: Iterable[bytes]) -> tuple[str, int]:
        """Return the same for bytes that need not fit into memory: their hash, and how many they are."""
        digest, size, part = hashlib.sha256(), 0, f"{self.root}/part/{secrets.token_hex(16)}"
        self._make_folder(f"{self.root}/part")
        try:
            with self.fs.open(part, "wb") as file:
                for piece in pieces:
                    digest.update(piece)
                    size += len(piece)
                    file.write(piece)
            path = self.path(digest.hexdigest())
            self._make_folder(path.rpartition("/")[0])
            self.fs.mv(part, path)
        except BaseException:
            with suppress(OSError):
                self.fs.rm_file(part)
            raise
        return digest.hexdigest(), size

    def sync(self, hashes: Iterable[str]) -> None:
        """Return when these are on the disk, if they are files of this machine; call it before something needs them."""
        if self.folder is None:
            return
        files = {self.folder / sha256[:2] / sha256 for sha256 in hashes}
        # The names as well: of each file in its folder, and of a folder that is new.
        folders = {file.parent for file in files} | ({self.folder} if files else set())
        # All at once, so that the file system writes its journal once for many of them.
        with ThreadPoolExecutor(_SYNCS_AT_ONCE) as pool:
            for paths in (files, folders):
                list(pool.map(_sync, paths))

    @_explained
    def get(self, sha256: str) -> bytes:
        """Return the bytes of this hash. Raises FileNotFoundError, Corrupt (an OSError too) for others."""
        data: bytes = self.fs.cat_file(self.path(sha256))
        if hashlib.sha256(data).hexdigest() != sha256:
            raise Corrupt(f"artifact {sha256} is damaged: its bytes have another hash")
        return data

    @_explained
    def check(self, sha256: str) -> None:
        """Read all bytes of this hash, some at a time. Raises FileNotFoundError, Corrupt."""
        digest = hashlib.sha256()
        for piece in self.pieces(sha256):
            digest.update(piece)
        if digest.hexdigest() != sha256:
            raise Corrupt(f"artifact {sha256} is damaged: its bytes have another hash")

    def pieces(self, sha256: str) -> Iterator[bytes]:
        """Yield the bytes of this hash, some at a time and unchecked. Raises FileNotFoundError."""
        with self.open(sha256) as file:
            while piece := file.read(_PIECE_BYTES):
                yield piece

    @_explained
    def open(self, sha256: str) -> BinaryIO:
        """Return the bytes of this hash as a file, to read parts of; a part cannot be checked.

        Raises FileNotFoundError.
        """
        file: BinaryIO = self.fs.open(self.path(sha256), "rb")
        return file

    @_explained
    def exists(self, sha256: str) -> bool:
        """Return whether there is a file of this hash; it may be damaged."""
        return bool(_SHA256.fullmatch(sha256) and self.fs.exists(self.path(sha256)))

    @_explained
    def delete(self, sha256: str) -> None:
        """Remove the bytes of this hash, if they are there."""
        with suppress(FileNotFoundError):
            self.fs.rm_file(self.path(sha256))

    @_explained
    def names(self) -> list[str]:
        """Return paths of all files below the root, those of others too; empty before anything was put."""
        if not self.fs.exists(self.root):
            return []
        return [path.removeprefix(f"{self.root}/") for path in self.fs.find(self.root)]

    def hashes(self) -> list[str]:
        """Return hashes of all that is there."""
        return [name.rpartition("/")[2] for name in self.names() if HASHED.fullmatch(name)]

    @_explained
    def any(self) -> bool:
        """Return whether anything is there; looks no further than the first."""
        folders = self._list(self.root)
        return any(
            HASHED.fullmatch(f"{folder}/{name}")
            for folder in folders
            if len(folder) == _FOLDER
            for name in self._list(f"{self.root}/{folder}")
        )

    @property
    def marker_path(self) -> str:
        """Return the file that holds the id of the installation."""
        return f"{self.root}/ticketscope-id"

    @_explained
    def marker(self) -> str:
        """Return the id of the installation whose artifacts these are; empty before one was written."""
        try:
            text: bytes = self.fs.cat_file(self.marker_path)
        except FileNotFoundError:
            return ""
        return text.decode("ascii", "replace").strip()

    @_explained
    def mark(self, own: str) -> str:
        """Write the id of the installation unless another was faster; returns what is written."""
        self._make_folder(self.root)
        try:
            with self.fs.open(self.marker_path, "xb") as file:
                file.write(f"{own}\n".encode())
        except FileExistsError:
            if not self.marker():  # a power cut left it empty
                self.fs.pipe_file(self.marker_path, f"{own}\n".encode())
        return self.marker()

    def _make_folder(self, path: str) -> None:
        # An object store has none, and would create the bucket instead, whose name may be a mistake.
        if self.folder is not None:
            self.fs.makedirs(path, exist_ok=True)

    def _list(self, folder: str) -> list[str]:
        try:
            return [path.rstrip("/").rpartition("/")[2] for path in self.fs.ls(folder, detail=False)]
        except (FileNotFoundError, NotADirectoryError):
            return []

    def path(self, sha256: str) -> str:
        """Return where the bytes of this hash are. Raises FileNotFoundError for what is no hash."""
        if not _SHA256.fullmatch(sha256):
            raise FileNotFoundError(f"{sha256!r} is not the name of an artifact")
        return f"{self.root}/{sha256[:2]}/{sha256}"


def of_run(conn: Connection, run_id: str) -> list[ArtifactRef]:
    """Return the run's artifacts by replicate, in the order in which each was saved."""
    query = select(artifacts).where(artifacts.c.run_id == run_id).order_by(artifacts.c.replicate, artifacts.c.seq)
    return [ref(row) for row in conn.execute(query).mappings()]


def one(conn: Connection, sha256: str) -> ArtifactRef:
    """Return the newest artifact with these bytes; several runs may have saved the same. Raises NotFound."""
    query = select(artifacts).where(artifacts.c.sha256 == sha256).order_by(artifacts.c.run_id.desc())
    row = conn.execute(query.limit(1)).mappings().first()
    if row is None:
        raise NotFound(f"there is no artifact {sha256}")
    return ref(row)


def ref(row: Mapping[Any, Any]) -> ArtifactRef:
    """Return the record of an artifact's row, by column."""
    return ArtifactRef.model_validate({**row, "id": row["sha256"], "key": dict(coordinates(row["key"]))})


def _sync(path: Path) -> None:
    with suppress(FileNotFoundError):  # deleted meanwhile by the worker that took the shard over: nothing needs it
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
