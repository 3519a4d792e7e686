"""The only place that knows Alembic: brings a database to the newest revision, one process at a time."""

import fcntl
import logging
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from app.store.database import Database
from app.store.errors import Unusable

MIGRATIONS = Path(__file__).parent / "migrations"
ADVISORY_LOCK = 7_442_635_001  # any number that no other program takes on the same database

_LEAVE_S = 2.0


def config(connection: Connection) -> Config:
    """Return Alembic's configuration for one open connection."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def migrate(database: Database) -> None:
    """Run the missing migrations in one transaction; others that try it meanwhile wait and then find none missing."""
    with changing(database) as connection:
        upgrade(connection, "head")


def upgrade(connection: Connection, revision: str) -> None:
    """Run the missing migrations up to a revision."""
    logging.getLogger("alembic").setLevel(logging.WARNING)
    command.upgrade(config(connection), revision)


def downgrade(connection: Connection, revision: str) -> None:
    """Take back the migrations after a revision."""
    logging.getLogger("alembic").setLevel(logging.WARNING)
    command.downgrade(config(connection), revision)


@contextmanager
def changing(database: Database) -> Iterator[Connection]:
    """Open the one transaction that may change the schema; others that want to wait for its end."""
    if not database.is_sqlite:
        with database.write() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
            yield connection
        return
    path = Path(str(database.url.database))
    path.parent.mkdir(parents=True, exist_ok=True)
    with _file_lock(path.with_name(path.name + ".migrate-lock")):
        with database.writer.connect() as connection:
            # Cannot be changed inside a transaction, so it goes round SQLAlchemy's; the file remembers it.
            connection.connection.cursor().execute("PRAGMA journal_mode = WAL")
        with database.write() as connection:
            yield connection


@contextmanager
def alone(database: Database) -> Iterator[Connection]:
    """Open the same transaction where nobody else is connected. Raises Unusable where somebody is."""
    refusal = Unusable(
        f"the database {database.name} is in use: stop all webs and workers, and whatever else has it open, and try "
        "again"
    )
    database.dispose()
    if database.is_sqlite:
        path = Path(str(database.url.database))
        path.parent.mkdir(parents=True, exist_ok=True)
        with database.writer.connect() as connection:
            try:
                # Only who is alone can leave this mode; `changing` goes back to it.
                connection.connection.cursor().execute("PRAGMA journal_mode = DELETE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                    raise refusal from error
                raise
    with changing(database) as connection:
        if not database.is_sqlite and not _leave(connection):
            raise refusal
        yield connection


def _leave(connection: Connection) -> bool:
    """Return whether all others have left a PostgreSQL database, for which who has just gone needs a moment."""
    others = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
    )
    end = time.monotonic() + _LEAVE_S
    while connection.scalar(others):
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
        connection.execute(text("SELECT pg_stat_clear_snapshot()"))
    return True


@contextmanager
def _file_lock(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
