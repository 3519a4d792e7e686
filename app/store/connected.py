"""A store that is connected: its database, its artifacts, and whether both are at this program's revision."""

import time

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.store.artifacts import Artifacts
from app.store.database import Database
from app.store.tables import REVISION


class Connected:
    """The ends that all methods of a store hold; `lease_s` is how long a shard is kept for a silent worker."""

    def __init__(self, database_url: str, artifacts_url: str, *, lease_s: float = 15.0) -> None:
        self.database_url, self.artifacts_url, self.lease_s = database_url, artifacts_url, lease_s
        self._db = Database(database_url)
        self.artifacts_store = Artifacts(artifacts_url)

    def close(self) -> None:
        """Close all pooled connections; the store can still be used."""
        self._db.dispose()

    def migrate(self) -> None:
        """Bring the schema to the newest revision; safe to call from several processes at once."""
        from app.store.migrate import migrate  # Alembic is slow to import and only needed here

        migrate(self._db)

    def revision_ok(self) -> bool:
        """Whether the database is reachable and at this program's revision."""
        try:
            with self._db.read() as conn:
                return conn.execute(text("SELECT version_num FROM alembic_version")).scalar() == REVISION
        except DBAPIError:
            return False

    def wait_for_revision(self, timeout: float) -> None:
        """Wait until somebody has migrated. Raises TimeoutError after `timeout` seconds."""
        end = time.monotonic() + timeout
        while not self.revision_ok():
            if time.monotonic() > end:
                raise TimeoutError("the database is not at this program's revision: run `ticketscope migrate`")
            time.sleep(0.1)
