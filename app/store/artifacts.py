"""Bytes that outlive a run, named by their SHA-256, wherever fsspec reaches."""

import hashlib
import os
import re
import secrets
import time
from collections.abc import Container, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem
from sqlalchemy import Connection, select

from app.contract.records import ArtifactRef
from app.store.errors import Corrupt, NotFound
from app.store.lookup import exists
from app.store.tables import AnyRow, artifacts, shards

DAY_S = 24 * 3600.0
_SYNCS_AT_ONCE = 8
_SHA256 = re.compile("[0-9a-f]{64}")
# What `put` names files, below the root: an artifact, or one that is being written.
_OURS = re.compile(r"([0-9a-f]{2})/\1[0-9a-f]{62}|part/[0-9a-f]{32}")


class Artifacts:
    """Content-addressed files under one URL: written whole or not at all, checked when read.

    What was put outlives a power cut once it has been settled.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._fs, self._root = url_to_fs(url)

    @property
    def folder(self) -> Path | None:
        """Where the files are, if on a file system of this machine."""
        return Path(self._root) if isinstance(self._fs, LocalFileSystem) else None

    def put(self, data: bytes) -> str:
        """Store bytes under their hash, which is returned. Raises OSError when there is no room.

        Bytes that are already there are written again: that renews their age, so that no sweep takes them.
        """
        return self.put_pieces([data])[0]

    def put_pieces(self, pieces: Iterable[bytes]) -> tuple[str, int]:
        """The same for bytes that need not fit into memory: their hash, and how many they are."""
        digest, size, part = hashlib.sha256(), 0, f"{self._root}/part/{secrets.token_hex(16)}"
        self._fs.makedirs(f"{self._root}/part", exist_ok=True)
        try:
            with self._fs.open(part, "wb") as file:
                for piece in pieces:
                    digest.update(piece)
                    size += len(piece)
                    file.write(piece)
            path = self._path(digest.hexdigest())
            self._fs.makedirs(path.rpartition("/")[0], exist_ok=True)
            self._fs.mv(part, path)
        except BaseException:
            with suppress(OSError):
                self._fs.rm_file(part)
            raise
        return digest.hexdigest(), size

    def settle(self, hashes: Iterable[str]) -> None:
        """Return when these are on the disk, where they are files of this machine: before something rests on them."""
        if self.folder is None:
            return
        files = {self.folder / sha256[:2] / sha256 for sha256 in hashes}
        # The names as well: of each file in its folder, and of a folder that is new.
        folders = {file.parent for file in files} | ({self.folder} if files else set())
        # All at once, so that the file system writes its journal once for many of them.
        with ThreadPoolExecutor(_SYNCS_AT_ONCE) as pool:
            for paths in (files, folders):
                list(pool.map(_sync, paths))

    def get(self, sha256: str) -> bytes:
        """The bytes of this hash. Raises FileNotFoundError, and Corrupt (an OSError too) when they are others."""
        data: bytes = self._fs.cat_file(self._path(sha256))
        if hashlib.sha256(data).hexdigest() != sha256:
            raise Corrupt(f"artifact {sha256} is damaged: its bytes have another hash")
        return data

    def open(self, sha256: str) -> BinaryIO:
        """The bytes of this hash as a file, to read parts of; a part cannot be checked. Raises FileNotFoundError."""
        file: BinaryIO = self._fs.open(self._path(sha256), "rb")
        return file

    def exists(self, sha256: str) -> bool:
        """Whether there is a file of this hash; it may be damaged."""
        return bool(_SHA256.fullmatch(sha256) and self._fs.exists(self._path(sha256)))

    def delete(self, sha256: str) -> None:
        """Remove the bytes of this hash, if they are there."""
        with suppress(FileNotFoundError):
            self._fs.rm_file(self._path(sha256))

    def sweep(self, referenced: Container[str], older_than_s: float = DAY_S) -> int:
        """Delete files of ours that nothing refers to and that are older than this; returns how many.

        Others may keep files under the same URL: only names that `put` gives are looked at.
        """
        if not self._fs.exists(self._root):
            return 0
        self._fs.invalidate_cache()
        n = 0
        for path in self._fs.find(self._root):
            if not _OURS.fullmatch(path.removeprefix(f"{self._root}/")):
                continue
            name = path.rpartition("/")[2]
            # Looked at file by file just before it goes: a put may have renewed it since the listing.
            with suppress(FileNotFoundError):
                if name not in referenced and _age_s(self._fs.modified(path)) > older_than_s:
                    self._fs.rm_file(path)
                    n += 1
        return n

    def _path(self, sha256: str) -> str:
        if not _SHA256.fullmatch(sha256):
            raise FileNotFoundError(f"{sha256!r} is not the name of an artifact")
        return f"{self._root}/{sha256[:2]}/{sha256}"


def of_run(conn: Connection, run_id: str) -> list[ArtifactRef]:
    """The run's artifacts by replicate, in the order in which each was saved. Raises NotFound."""
    exists(conn, run_id)
    query = select(artifacts).where(artifacts.c.run_id == run_id).order_by(artifacts.c.replicate, artifacts.c.seq)
    return [_ref(row) for row in conn.execute(query)]


def one(conn: Connection, sha256: str) -> ArtifactRef:
    """The newest artifact with these bytes; several runs may have saved the same. Raises NotFound."""
    query = select(artifacts).where(artifacts.c.sha256 == sha256).order_by(artifacts.c.run_id.desc())
    row = conn.execute(query.limit(1)).first()
    if row is None:
        raise NotFound(f"there is no artifact {sha256}")
    return _ref(row)


def referenced(conn: Connection) -> set[str]:
    """Hashes of all artifacts and checkpoints that a run still needs."""
    saved = set(conn.scalars(select(artifacts.c.sha256).distinct()))
    return saved | {
        checkpoint["sha256"] for checkpoints in conn.scalars(select(shards.c.checkpoints)) for checkpoint in checkpoints
    }


def _ref(row: AnyRow) -> ArtifactRef:
    return ArtifactRef.model_validate({**row._mapping, "id": row.sha256})


def _sync(path: Path) -> None:
    with suppress(FileNotFoundError):  # deleted meanwhile, by whoever took the shard over: nobody rests on it
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _age_s(modified: datetime) -> float:
    return time.time() - modified.timestamp()
