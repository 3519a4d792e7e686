"""Engines and transactions: SQLite in WAL with one writer at a time, or PostgreSQL.

Locks are taken in one order everywhere: a run's shards first (by id), then the run, then its owner's share.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect
from sqlalchemy.engine import URL, make_url

from app.store import deviation

PATIENCE_S = 30.0
"""How long a write waits for other writers by default."""

WRITE_PATIENCE_S = 4.0
"""How long a write of a request waits, with some time left of the five seconds after which a person gives up."""

# Longer than any write of ours takes.
PROMPT_S = 1.0
CONNECT_TIMEOUT_S = 5
# FastAPI's thread pool has 40 threads, each of which may hold a snapshot; the others are for all else that reads.
READERS = 48
_ONE_SNAPSHOT = "REPEATABLE READ"

_WORK_MEM = "32MB"
_SETTINGS = (
    # Compiling a statement takes longer than any of ours runs.
    "SET jit = off",
    # How many runs a condition finds depends on its values: a plan for any value is one for few runs.
    "SET plan_cache_mode = force_custom_plan",
    # Lists of 100,000 runs are joined in memory; who runs the server may allow more.
    f"""SELECT set_config('work_mem', '{_WORK_MEM}', false)
    WHERE pg_size_bytes(current_setting('work_mem')) < pg_size_bytes('{_WORK_MEM}')""",
)
"""What a session of PostgreSQL begins with."""


class Database:
    """Transactions on one database; `writer` and `reader` are the same engine on PostgreSQL.

    On SQLite a write waits at most `patience_s` for the writes of others.
    """

    def __init__(self, url: str, patience_s: float = PATIENCE_S) -> None:
        self.url = _with_driver(make_url(url))
        if self.url.get_backend_name() == "sqlite":
            self.writer, self.reader = (_sqlite(self.url, patience_s, write=write) for write in (True, False))
        else:
            self.writer = self.reader = _postgresql(self.url)
        # The same connections.
        self._hasty = self.writer.execution_options(hasty=True)
        # Of SQLite every transaction that reads is one snapshot.
        self._steady = self.reader if self.is_sqlite else self.reader.execution_options(isolation_level=_ONE_SNAPSHOT)

    @property
    def is_sqlite(self) -> bool:
        return self.writer.dialect.name == "sqlite"

    @property
    def name(self) -> str:
        """Return the URL as it may be shown: without its password."""
        return self.url.render_as_string(hide_password=True)

    @property
    def path(self) -> Path | None:
        """Return the file of an SQLite database."""
        return Path(str(self.url.database)) if self.is_sqlite else None

    def is_new(self) -> bool:
        """Return whether nothing was ever migrated here; makes no file."""
        if self.path is not None and (not self.path.exists() or self.path.stat().st_size == 0):
            return True
        with self.read() as connection:
            return not inspect(connection).has_table("alembic_version")

    @contextmanager
    def write(self, *, hasty: bool = False) -> Iterator[Connection]:
        """Open a transaction that may write: committed at the end, rolled back on an exception.

        On SQLite a commit and all before it are on the disk when this returns, unless it is `hasty`. Then a power cut
        may undo the newest commits, but never a half of one.
        """
        with (self._hasty if hasty else self.writer).begin() as connection:
            yield connection

    def is_prompt(self) -> bool:
        """Return whether no other process held the lock of an SQLite file just now."""
        if not self.is_sqlite:
            return True
        began = time.monotonic()
        with self.write(hasty=True):
            return time.monotonic() - began < PROMPT_S

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a transaction that only reads; on SQLite one snapshot that no writer disturbs."""
        with self.reader.begin() as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Open a transaction that only reads, all of it from one snapshot."""
        with self._steady.begin() as connection:
            yield connection

    def dispose(self) -> None:
        """Close all pooled connections."""
        self.writer.dispose()
        self.reader.dispose()


def _with_driver(url: URL) -> URL:
    if url.drivername in {"postgresql", "postgres"}:
        return url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() not in {"sqlite", "postgresql"}:
        raise ValueError(f"database URL: {url.get_backend_name()} is not supported; use sqlite or postgresql")
    if url.get_backend_name() == "sqlite" and url.database in {None, "", ":memory:"}:
        raise ValueError("database URL: SQLite needs a file, as in sqlite:////path/to/ticketscope.db")
    return url


def _postgresql(url: URL) -> Engine:
    engine = create_engine(
        url,
        pool_size=5,
        max_overflow=READERS - 5,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={"connect_timeout": CONNECT_TIMEOUT_S},
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        with connection.cursor() as cursor:
            for setting in _SETTINGS:
                cursor.execute(setting)
        connection.commit()

    return engine


def _sqlite(url: URL, patience_s: float, *, write: bool) -> Engine:
    # Writers of one process queue fairly for one connection instead of polling the file's lock against each other.
    size = {"pool_size": 1, "max_overflow": 0} if write else {"pool_size": 5, "max_overflow": READERS - 5}
    # Half of the patience for those before in the queue, half for other processes.
    # What a statement failed with is logged, and what it would have stored is not: hashes of passwords, notes.
    engine = create_engine(
        url, connect_args={"timeout": patience_s / 2}, pool_timeout=patience_s / 2, hide_parameters=True, **size
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
        # The driver begins transactions late and deferred; we begin them ourselves, below.
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys = ON")
        deviation.prepare(connection)
        if not write:
            connection.execute("PRAGMA query_only = ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        if not write:
            connection.exec_driver_sql("BEGIN")
            return
        level = "NORMAL" if connection.get_execution_options().get("hasty") else "FULL"
        if connection.info.get("synchronous") != level:
            connection.exec_driver_sql(f"PRAGMA synchronous = {level}")
            connection.info["synchronous"] = level
        # A deferred transaction that reads and then writes fails at once, whatever the busy timeout.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
