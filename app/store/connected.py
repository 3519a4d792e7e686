"""A store that is connected: its database, its artifacts, and whether both are at this program's revision."""

import logging
import time
from contextlib import suppress

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.store import installation, references
from app.store.artifacts import Artifacts
from app.store.database import Database
from app.store.errors import NotAdopted
from app.store.tables import REVISION

log = logging.getLogger(__name__)


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
        """Bring the schema to the newest revision; safe to call from several processes at once.

        Raises Mismatch when the artifacts belong to another database, or to one that was here before.
        """
        from app.store.migrate import migrate  # Alembic is slow to import and only needed here

        if self._db.is_new():
            installation.refuse_new(self.artifacts_store, self._db.name)
        migrate(self._db)
        self.check_installation()

    def check_installation(self) -> None:
        """Return when database and artifacts belong together, as far as that can be told now. Raises Mismatch."""
        with self._db.read() as conn:
            own, needed, released = installation.own(conn), references.referenced(conn), references.let_go(conn)
        try:
            installation.check(self.artifacts_store, own, needed | released)
        except NotAdopted as error:
            log.warning("unreferenced artifacts will not be deleted: %s", error)
        except OSError as error:
            log.warning("the artifacts in %s cannot be reached: %s", self.artifacts_url, error)

    def revision_ok(self) -> bool:
        """Whether the database is reachable and at this program's revision."""
        try:
            if self._db.is_new():
                return False
            with self._db.read() as conn:
                return conn.execute(text("SELECT version_num FROM alembic_version")).scalar() == REVISION
        except DBAPIError:
            return False

    def wait_for_revision(self, timeout: float) -> None:
        """Wait until somebody has migrated. Raises TimeoutError after `timeout` seconds; Mismatch as `migrate`."""
        end = time.monotonic() + timeout
        while not self.revision_ok():
            with suppress(DBAPIError):
                if self._db.is_new():
                    installation.refuse_new(self.artifacts_store, self._db.name)
            if time.monotonic() > end:
                raise TimeoutError("the database is not at this program's revision: run `ticketscope migrate`")
            time.sleep(0.1)
        self.check_installation()
