"""A backup: all rows of one moment, then the bytes of every artifact that they name, while the store is used."""

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256 as new_digest
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Connection, MetaData, Table, func, null, select

from app.backups import private, rows
from app.backups.files import copy
from app.backups.manifest import FILES, MANIFEST, SUM, BadBackup, Manifest, Rows
from app.periodic import Periodic
from app.store import Artifacts, Store, installation, references
from app.store.database import Database
from app.store.errors import Unreachable
from app.store.tables import REVISION, metadata

KEEP_S = 300.0
RENEW_S = 30.0
KEPT_UNTIL = "kept_until"
_AT_ONCE = 8
_BATCH = 64
Advance: TypeAlias = Callable[[str, int, int], None]
"""Hears what is done, how much of it is, and how much there is."""


def backup(store: Store, folder: Path, advance: Advance = lambda *_: None) -> tuple[Path, Manifest]:
    """Write a backup into a folder of backups and return where it is. Raises BadBackup, Unusable.

    What fails leaves no part of it, but for artifacts, which the next one does not copy again.
    """
    began = datetime.now(UTC)
    place = folder / began.strftime("%Y%m%dT%H%M%S.%fZ")
    part = place.with_name(f"{place.name}.part")
    database = store.database
    try:
        private.folder(folder / FILES)
        private.folder(part)
        with _kept(database):
            manifest = _write(database, store.artifacts_store, part, folder / FILES, began, advance)
        private.sync_names(part)
        part.rename(place)
        private.sync_names(folder)
    except BaseException as error:
        shutil.rmtree(part, ignore_errors=True)
        if isinstance(error, Unreachable):
            raise BadBackup(f"{error}; no backup was made") from error
        if isinstance(error, OSError):
            raise BadBackup(f"{folder} cannot be written: {error.strerror or error}; no backup was made") from error
        raise
    return place, manifest


def _write(
    database: Database, artifacts: Artifacts, part: Path, files: Path, began: datetime, advance: Advance
) -> Manifest:
    with database.snapshot() as conn:
        tables = _tables(conn)
        total = sum(conn.scalar(select(func.count()).select_from(table)) or 0 for table in tables.sorted_tables)
        done = 0
        written: list[Rows] = []
        for table in tables.sorted_tables:
            lines = _counted(rows.stored(conn, table, _columns(table)), done, total, advance)
            written.append(rows.write(part, table.name, [column.name for column in table.columns], lines))
            done += written[-1].rows
        own, needed = installation.own(conn), sorted(references.referenced(conn))
    lost: list[str] = []
    sizes: dict[str, int] = {}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for start in range(0, len(needed), _BATCH):
            batch = needed[start : start + _BATCH]
            for sha256, size in zip(batch, pool.map(partial(copy, artifacts, files), batch), strict=True):
                if size is None:
                    lost.append(sha256)
                else:
                    sizes[sha256] = size
            advance("artifacts", len(sizes) + len(lost), len(needed))
    listed = rows.write(part, "files", ["sha256", "size_bytes"], (rows.line(item) for item in sizes.items()))
    manifest = Manifest(
        program=f"ticketscope {version('ticketscope')}", revision=REVISION, installation=own, tables=written,
        created_at=began.isoformat(timespec="seconds"), artifacts=listed, artifact_bytes=sum(sizes.values()), lost=lost,
    )  # fmt: skip
    text = manifest.model_dump_json(indent=1).encode()
    with private.opened(part / MANIFEST) as file:
        file.write(text)
    with private.opened(part / SUM) as file:
        file.write(f"{new_digest(text).hexdigest()}  {MANIFEST}\n".encode())
    return manifest


def _tables(conn: Connection) -> MetaData:
    """Return the tables of this program as the database has them: texts, numbers and bytes, and no JSON."""
    tables = MetaData()
    tables.reflect(conn, only=list(metadata.tables))
    return tables


def _columns(table: Table) -> list[ColumnElement[Any]]:
    """Return what is read of each row: nothing keeps the artifacts where they are restored."""
    keeps = KEPT_UNTIL if table.name == "installation" else ""
    return [null().label(keeps) if column.name == keeps else column for column in table.columns]


def _counted(lines: Iterator[bytes], before: int, total: int, advance: Advance) -> Iterator[bytes]:
    for number, line in enumerate(lines, before + 1):
        yield line
        if number % 1000 == 0 or number == total:
            advance("rows", number, total)


@contextmanager
def _kept(database: Database) -> Iterator[None]:
    """Let nothing delete an artifact until the end, nor for some minutes if this process ends before."""

    def keep() -> None:
        with database.write(hasty=True) as conn:
            installation.keep_artifacts(conn, KEEP_S)

    keep()
    periodic = Periodic("backup", keep, RENEW_S)
    periodic.start()
    try:
        yield
    finally:
        periodic.stop()
