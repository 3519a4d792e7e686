"""The only place that knows Alembic: brings a database to the newest revision, one process at a time."""

import fcntl
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from app.store.database import Database

MIGRATIONS = Path(__file__).parent / "migrations"
ADVISORY_LOCK = 7_442_635_001  # any number that no other program takes on the same database


def config(connection: Connection) -> Config:
    """Return Alembic's configuration for one open connection."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def migrate(database: Database) -> None:
    """Run the missing migrations in one transaction; others that try it meanwhile wait and then find none missing."""
    logging.getLogger("alembic").setLevel(logging.WARNING)
    if database.is_sqlite:
        path = Path(str(database.url.database))
        path.parent.mkdir(parents=True, exist_ok=True)
        with _file_lock(path.with_name(path.name + ".migrate-lock")):
            with database.writer.connect() as connection:
                # Cannot be changed inside a transaction, so it goes round SQLAlchemy's; the file remembers it.
                connection.connection.cursor().execute("PRAGMA journal_mode = WAL")
            with database.write() as connection:
                command.upgrade(config(connection), "head")
    else:
        with database.write() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
            command.upgrade(config(connection), "head")


@contextmanager
def _file_lock(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
