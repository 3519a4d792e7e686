"""A store from a backup: artifacts first, where nothing refers to them, then all rows in one transaction."""

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

from sqlalchemy import Connection, MetaData, delete, func, insert, inspect, select, text
from sqlalchemy.exc import SQLAlchemyError

from app.backups import files, rows
from app.backups.manifest import BadBackup
from app.backups.read import Backup
from app.backups.write import Advance
from app.store import Artifacts, Conflict, references
from app.store.condition import diagnose
from app.store.database import Database
from app.store.migrate import alone, upgrade
from app.store.tables import metadata

_ROWS_AT_ONCE = 200
_FILES_AT_ONCE = 64
_THREADS = 8
_SPARE_BYTES = 2**26
_COUNTED = ("runs", "sweeps", "users", "views")


@dataclass(frozen=True)
class Target:
    """What is where a backup is restored to: rows of the tables that people fill, and artifacts."""

    counts: dict[str, int]
    artifacts: frozenset[str]
    installation: str

    @property
    def empty(self) -> bool:
        """Return whether nothing is stored there yet."""
        return not any(self.counts.values())


def target(database: Database, artifacts: Artifacts) -> Target:
    """Return what would go."""
    counts: dict[str, int] = {}
    if not database.is_new():
        with database.read() as conn:
            there = set(inspect(conn).get_table_names())
            for name in _COUNTED:
                if name in there:
                    counts[name] = conn.scalar(select(func.count()).select_from(text(name))) or 0
    return Target(counts, frozenset(artifacts.hashes()), artifacts.marker())


def restore(
    backup: Backup, database: Database, artifacts: Artifacts, *, replace: bool = False,
    advance: Advance = lambda *_: None,
) -> None:  # fmt: skip
    """Put a checked backup in the place of a store: all of it, or nothing.

    Raises BadBackup; Conflict where there is something and `replace` is not set; Unusable where it is in use.
    """
    there = target(database, artifacts)
    _refuse(backup, there, database, artifacts, replace=replace)
    put: set[str] = set()
    try:
        with ExitStack() as marked, alone(database) as conn:
            _put(backup, artifacts, there.artifacts, put, advance)
            before = references.referenced(conn) | references.let_go(conn) if there.counts else set()
            _drop(conn)
            upgrade(conn, backup.manifest.revision)
            _fill(backup, conn, advance)
            upgrade(conn, "head")
            # What only the replaced runs needed goes the way of all bytes: a week in the trash first.
            references.release(conn, sorted(before - set(backup.artifacts)))
            marked.enter_context(_marked(artifacts, backup.manifest.installation))
    except BaseException as error:
        for sha256 in put:
            with suppress(OSError):
                artifacts.delete(sha256)
        if isinstance(error, SQLAlchemyError) and (condition := diagnose(error)) is not None:
            raise BadBackup(f"{condition.detail}; nothing was restored") from error
        if isinstance(error, OSError):
            raise BadBackup(f"{artifacts.url}: {error.strerror or error}; nothing was restored") from error
        raise


def _refuse(backup: Backup, there: Target, database: Database, artifacts: Artifacts, *, replace: bool) -> None:
    own = backup.manifest.installation
    if not there.empty and not replace:
        raise Conflict(f"there is something already in {database.name}: {said(there)}. Restore with --replace")
    others = there.artifacts - set(backup.artifacts)
    if there.empty and others and there.installation != own:
        raise Conflict(
            f"the database {database.name} is empty, but {artifacts.url} holds {len(others):,} artifacts that are not "
            "of this backup. Set TICKETSCOPE_ARTIFACTS_URL (or TICKETSCOPE_DATA_DIR) to a new folder"
        )
    for path in filter(None, (database.path, artifacts.folder)):
        folder = next(parent for parent in (path, *path.parents) if parent.is_dir())
        free = shutil.disk_usage(folder).free
        if free < backup.bytes + _SPARE_BYTES:
            raise Conflict(f"the backup needs {backup.bytes:,} bytes, and {folder} has {free:,} left")


def said(there: Target) -> str:
    """Return what is there, in words."""
    words = {"users": "accounts"}
    counted = [f"{n:,} {words.get(name, name)}" for name, n in there.counts.items() if n]
    return ", ".join([*counted, f"{len(there.artifacts):,} artifacts"])


def _put(backup: Backup, artifacts: Artifacts, there: frozenset[str], put: set[str], advance: Advance) -> None:
    hashes = sorted(backup.artifacts)

    def one(sha256: str) -> None:
        # A damaged one that is there is replaced; whole ones are written again as well, which renews their age.
        if sha256 not in there:
            put.add(sha256)
        artifacts.put_pieces(files.pieces(backup.files, sha256))

    with ThreadPoolExecutor(_THREADS) as pool:
        for start in range(0, len(hashes), _FILES_AT_ONCE):
            batch = hashes[start : start + _FILES_AT_ONCE]
            list(pool.map(one, batch))
            artifacts.sync(batch)
            advance("artifacts", start + len(batch), len(hashes))


def _drop(conn: Connection) -> None:
    there = set(inspect(conn).get_table_names()) & {*metadata.tables, "alembic_version"}
    tables = MetaData()
    tables.reflect(conn, only=sorted(there))
    tables.drop_all(conn)


def _fill(backup: Backup, conn: Connection, advance: Advance) -> None:
    """Insert all rows and read them again. Raises BadBackup for those that the tables do not have."""
    tables = MetaData()
    tables.reflect(conn, only=lambda name, _: name in metadata.tables)
    given = {table.name: table for table in backup.manifest.tables}
    if set(given) != set(tables.tables):
        raise BadBackup(f"its tables are not those of revision {backup.manifest.revision}")
    for table in reversed(tables.sorted_tables):
        conn.execute(delete(table))  # what a migration has put there
    total, done = sum(table.rows for table in given.values()), 0
    for table in tables.sorted_tables:
        about = given[table.name]
        if set(about.columns) != {column.name for column in table.columns}:
            raise BadBackup(f"the columns of {table.name} are not those of revision {backup.manifest.revision}")
        batch: list[dict[str, object]] = []
        for values in backup.rows(about):
            batch.append(dict(zip(about.columns, values, strict=True)))
            if len(batch) == _ROWS_AT_ONCE:
                conn.execute(insert(table), batch)
                done += len(batch)
                batch = []
                advance("rows", done, total)
        if batch:
            conn.execute(insert(table), batch)
            done += len(batch)
            advance("rows", done, total)
        again = rows.Total()
        order = [table.c[name] for name in about.columns]
        for item in rows.stored(conn, table, order):
            again.add(item)
        if (again.rows, again.digest) != (about.rows, about.digest):
            raise BadBackup(f"the rows of {table.name} were not stored as they are in the backup")
        _count_on(conn, table.name, [column.name for column in table.primary_key])


def _count_on(conn: Connection, table: str, key: list[str]) -> None:
    """Let PostgreSQL number new rows after those that were inserted with their numbers; SQLite does by itself."""
    if conn.dialect.name != "postgresql" or len(key) != 1:
        return
    name = conn.scalar(select(func.pg_get_serial_sequence(table, key[0])))
    if name is not None and (last := conn.scalar(text(f"SELECT max({key[0]}) FROM {table}"))) is not None:  # noqa: S608
        conn.execute(select(func.setval(name, last)))


@contextmanager
def _marked(artifacts: Artifacts, own: str) -> Iterator[None]:
    """Let the artifacts carry the id of the restored database, or the one of before where that fails."""
    before = artifacts.marker()
    artifacts.mark(own)
    if before not in ("", own):
        artifacts.fs.pipe_file(artifacts.marker_path, f"{own}\n".encode())
    try:
        yield
    except BaseException:
        artifacts.fs.pipe_file(artifacts.marker_path, f"{before}\n".encode())
        raise
