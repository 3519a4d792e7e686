"""Engines and transactions: SQLite in WAL with one writer at a time, or PostgreSQL.

Locks are taken in one order everywhere: a run's shards first (by id), then the run.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect
from sqlalchemy.engine import URL, make_url

BUSY_TIMEOUT_S = 30.0
CONNECT_TIMEOUT_S = 5
# FastAPI's thread pool has 40 threads; each may read at once.
READERS = 40


class Database:
    """Transactions on one database; `writer` and `reader` are the same engine on PostgreSQL."""

    def __init__(self, url: str) -> None:
        self.url = _with_driver(make_url(url))
        if self.url.get_backend_name() == "sqlite":
            self.writer, self.reader = _sqlite(self.url, write=True), _sqlite(self.url, write=False)
        else:
            self.writer = self.reader = create_engine(
                self.url,
                pool_size=5,
                max_overflow=READERS - 5,
                pool_pre_ping=True,
                connect_args={"connect_timeout": CONNECT_TIMEOUT_S},
            )
        # The same connections.
        self._hasty = self.writer.execution_options(hasty=True)

    @property
    def is_sqlite(self) -> bool:
        return self.writer.dialect.name == "sqlite"

    @property
    def name(self) -> str:
        """The URL as it may be shown: without its password."""
        return self.url.render_as_string(hide_password=True)

    def is_new(self) -> bool:
        """Whether nothing was ever migrated here; makes no file."""
        if self.is_sqlite:
            path = Path(str(self.url.database))
            if not path.exists() or path.stat().st_size == 0:
                return True
        with self.read() as connection:
            return not inspect(connection).has_table("alembic_version")

    @contextmanager
    def write(self, *, hasty: bool = False) -> Iterator[Connection]:
        """A transaction that may write: committed at the end, rolled back on an exception.

        On SQLite a commit is on the disk before this returns, with all that were committed before it, unless it is
        `hasty`: then a power cut may undo the newest ones, though never leave a half.
        """
        with (self._hasty if hasty else self.writer).begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads; on SQLite one snapshot that no writer disturbs."""
        with self.reader.begin() as connection:
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


def _sqlite(url: URL, *, write: bool) -> Engine:
    # Writers of one process queue fairly for one connection instead of polling the file's lock against each other.
    size = {"pool_size": 1, "max_overflow": 0} if write else {"pool_size": 5, "max_overflow": READERS - 5}
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_S}, **size)

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
        # The driver begins transactions late and deferred; we begin them ourselves, below.
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys = ON")
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
