"""A backup of unknown origin: every byte is compared with its digest before anything in it is used."""

import hashlib
import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from app import unique_json
from app.backups import files, rows
from app.backups.manifest import FILES, FORMAT, MANIFEST, MAX_MANIFEST_BYTES, STAMP, SUM, BadBackup, Manifest, Rows
from app.backups.write import Advance
from app.store import Corrupt
from app.store.tables import REVISION, metadata

_SHA256 = frozenset("0123456789abcdef")


class Backup:
    """The backup in a folder, or the newest of a folder of backups. Raises BadBackup."""

    def __init__(self, folder: Path) -> None:
        self.place = _place(folder)
        self.files = self.place.parent / FILES
        self.manifest = self._manifest()
        names = [table.name for table in self.manifest.tables]
        if len(set(names)) != len(names) or not set(names) <= set(metadata.tables):
            unknown = sorted(set(names) - set(metadata.tables))
            raise BadBackup(f"{MANIFEST} names tables twice, or that are not known here: {', '.join(unknown)}")
        if self.manifest.artifacts.name != "files" or self.manifest.artifacts.columns != ["sha256", "size_bytes"]:
            raise BadBackup(f"{MANIFEST} does not say where its artifacts are")

    @property
    def bytes(self) -> int:
        """Return how much it is, unpacked."""
        return sum(table.unpacked for table in self.manifest.tables) + self.manifest.artifact_bytes

    @cached_property
    def artifacts(self) -> dict[str, int]:
        """Return the sizes of artifacts by their hashes."""
        sizes: dict[str, int] = {}
        for sha256, size in rows.read(self.place, self.manifest.artifacts):
            if not isinstance(sha256, str) or len(sha256) != 64 or not _SHA256.issuperset(sha256):
                raise BadBackup(f"{self.manifest.artifacts.file} names an artifact that is none")
            sizes[sha256] = size
        return sizes

    def rows(self, table: Rows) -> Iterator[list[Any]]:
        """Yield the rows of a table."""
        yield from rows.read(self.place, table)

    def check(self, advance: Advance = lambda *_: None) -> None:
        """Read every byte and compare it with its digest. Raises BadBackup."""
        tables = [*self.manifest.tables, self.manifest.artifacts]
        for number, about in enumerate(tables, 1):
            self._check(about)
            for _ in rows.read(self.place, about):
                pass
            advance("checked files of rows", number, len(tables))
        for number, (sha256, size) in enumerate(self.artifacts.items(), 1):
            try:
                actual = sum(len(piece) for piece in files.pieces(self.files, sha256))
            except FileNotFoundError as error:
                raise BadBackup(f"artifact {sha256} is missing in {self.files}") from error
            except Corrupt as error:
                raise BadBackup(str(error)) from error
            if actual != size:
                raise BadBackup(f"artifact {sha256} has {actual:,} bytes, not {size:,}")
            advance("checked artifacts", number, len(self.artifacts))

    def _check(self, about: Rows) -> None:
        digest, size = hashlib.sha256(), 0
        try:
            with os.fdopen(_descriptor(self.place / about.file), "rb") as file:
                while piece := file.read(2**20):
                    digest.update(piece)
                    size += len(piece)
        except OSError as error:
            raise BadBackup(f"{about.file} cannot be read: {error.strerror}") from error
        if (size, digest.hexdigest()) != (about.size, about.sha256):
            raise BadBackup(f"{about.file} is damaged: its bytes have another digest than the manifest has")

    def _manifest(self) -> Manifest:
        texts = []
        for name in (MANIFEST, SUM):
            try:
                with os.fdopen(_descriptor(self.place / name), "rb") as file:
                    texts.append(file.read(MAX_MANIFEST_BYTES + 1))
            except OSError as error:
                raise BadBackup(f"{self.place / name} cannot be read: {error.strerror}") from error
        text, wanted = texts
        if len(text) > MAX_MANIFEST_BYTES:
            raise BadBackup(f"{MANIFEST} is longer than any that was written")
        if wanted != f"{hashlib.sha256(text).hexdigest()}  {MANIFEST}\n".encode():
            raise BadBackup(f"{MANIFEST} is damaged: its bytes have another digest than {SUM} has")
        try:
            plain = unique_json.loads(text)
            _refuse_newer(plain)
            return Manifest.model_validate(plain)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise BadBackup(f"{MANIFEST}: {where}: {first['msg']}") from error
        except (ValueError, RecursionError) as error:
            raise BadBackup(f"{MANIFEST} is not JSON: {error}") from error


def _refuse_newer(plain: Any) -> None:
    if not isinstance(plain, dict):
        raise BadBackup(f"{MANIFEST} is not a manifest")
    revision, wanted = plain.get("revision"), plain.get("format")
    later = isinstance(wanted, int) and wanted > FORMAT
    if later or (isinstance(revision, str) and revision.isdecimal() and revision > REVISION):
        raise BadBackup(
            f"a newer program ({plain.get('program')}) has written this backup, at revision {revision}; this one knows "
            f"up to {REVISION}. Update Ticketscope and restore then"
        )


def _descriptor(path: Path) -> int:
    """Open a file that is no link, and no device either."""
    return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)


def _place(folder: Path) -> Path:
    if (folder / MANIFEST).is_file():
        return folder.resolve()
    try:
        stamps = sorted(path.name for path in folder.iterdir() if STAMP.fullmatch(path.name))
    except OSError as error:
        raise BadBackup(f"{folder} cannot be read: {error.strerror}") from error
    if not stamps:
        raise BadBackup(f"{folder} holds no backup: expected a folder that `ticketscope backup` has written")
    return folder.resolve() / stamps[-1]
