"""A store that is connected: its database, its artifacts, and whether both can be used by this program."""

import logging
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from sqlalchemy import Connection, text, update
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from app.store import installation, references
from app.store.artifacts import Artifacts
from app.store.condition import DAMAGED, Condition, diagnose, newer
from app.store.database import PATIENCE_S, Database
from app.store.errors import Conflict, NotAdopted, Unreachable, Unusable
from app.store.integrity import Integrity
from app.store.reads import Reads
from app.store.snapshot import Snapshot
from app.store.tables import FIRST_REVISION, REVISION
from app.store.tables import installation as installation_table

log = logging.getLogger(__name__)

_NEW = Condition("new", "The database is not at this program's revision: run `ticketscope migrate`", passes=True)


class Connected(Reads):
    """The ends that all methods of a store hold.

    `lease_s` is how long a shard is kept for a silent worker, `patience_s` how long a write waits for other writers.
    """

    def __init__(
        self, database_url: str, artifacts_url: str, *, lease_s: float = 15.0, patience_s: float = PATIENCE_S
    ) -> None:
        self.database_url, self.artifacts_url, self.lease_s = database_url, artifacts_url, lease_s
        self.origin: Reads = self
        self._db = Database(database_url, patience_s)
        self._integrity = Integrity(self._db.path)
        self.artifacts_store = Artifacts(artifacts_url)

    def _read(self) -> AbstractContextManager[Connection]:
        return self._db.read()

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """Open what is stored at this moment, whatever is written meanwhile."""
        with self._db.snapshot() as conn:
            yield Snapshot(self, conn)

    @property
    def database(self) -> Database:
        """Return the database by itself, for who copies or replaces all of it."""
        return self._db

    def close(self) -> None:
        """Close all pooled connections; the store can still be used."""
        self._db.dispose()

    def migrate(self) -> None:
        """Bring the schema to the newest revision; safe to call from several processes at once.

        Raises Mismatch when the artifacts belong to another database, or to one that was here before; Unusable when
        the database cannot be read or written.
        """
        from app.store.migrate import migrate  # Alembic is slow to import and only needed here

        with self._explained():
            if self._db.is_new():
                installation.refuse_new(self.artifacts_store, self._db.name)
            elif (revision := self._revision()) is not None and revision.kind == "newer":
                raise Unusable(self._line(revision))
            migrate(self._db)
            self._check_writable()
            self.check_installation()

    def migrate_back(self, revision: str) -> None:
        """Take the schema back to an earlier revision, while nobody else is connected. Raises Conflict, Unusable."""
        from app.store.migrate import alone, downgrade

        self.wait_for_revision(0)
        if not re.fullmatch("[0-9]{4}", revision) or not FIRST_REVISION <= revision < REVISION:
            raise Conflict(
                f"{revision} is not an earlier revision: expected one from {FIRST_REVISION} to before {REVISION}"
            )
        self._db.dispose()
        with self._explained(), alone(self._db) as conn:
            downgrade(conn, revision)

    def check_installation(self) -> None:
        """Return when database and artifacts belong together, as far as that is known now. Raises Mismatch."""
        with self._db.read() as conn:
            own, needed, released = installation.own(conn), references.referenced(conn), references.let_go(conn)
        try:
            installation.check(self.artifacts_store, own, needed | released)
        except NotAdopted as error:
            log.warning("unreferenced artifacts will not be deleted: %s", error)
        except OSError as error:
            log.warning("the artifacts in %s cannot be reached: %s", self.artifacts_url, error)

    def trouble(self) -> Condition | None:
        """Return what keeps this program from working with the database; None when nothing is known to."""
        try:
            if self._db.is_new():
                return _NEW
            revision = self._revision()
        except DBAPIError as error:
            return diagnose(error) or Condition("broken", str(error.orig))
        if revision is None and (damage := self._integrity.damage()):
            return DAMAGED._replace(detail=f"{DAMAGED.detail} ({damage})")
        return revision

    def wait_for_revision(self, timeout: float) -> None:
        """Wait until a migration is done. Raises TimeoutError after `timeout` seconds; Mismatch, Unusable at once."""
        end = time.monotonic() + timeout
        while (condition := self._start()) is not None:
            if condition.kind not in ("new", "busy", "away"):
                raise Unusable(self._line(condition))
            if time.monotonic() > end:
                raise TimeoutError(self._line(condition))
            time.sleep(0.1)

    def _start(self) -> Condition | None:
        """Try all that a start needs of the database; what it waits for, None when it can begin."""
        try:
            if self._db.is_new():
                installation.refuse_new(self.artifacts_store, self._db.name)
                return _NEW
            revision = self._revision()
            if revision is None:
                self._check_writable()
                self.check_installation()
        except SQLAlchemyError as error:
            return diagnose(error) or Condition("broken", str(error))
        except Unreachable as error:
            return Condition("away", str(error))
        return revision

    def _revision(self) -> Condition | None:
        with self._db.read() as conn:
            version = conn.execute(text("SELECT version_num FROM alembic_version")).scalar() or ""
        return None if version == REVISION else newer(version, REVISION) if version > REVISION else _NEW

    def _check_writable(self) -> None:
        with self._db.write() as conn:
            conn.execute(update(installation_table).values(id=installation_table.c.id))

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn what the database or its folder refuses into one line. Raises Unusable."""
        try:
            yield
        except Unreachable as error:
            raise Unusable(str(error)) from error
        except (SQLAlchemyError, sqlite3.Error, OSError) as error:
            first = (str(getattr(error, "orig", error)).strip() or type(error).__name__).splitlines()[0]
            raise Unusable(self._line(diagnose(error) or Condition("broken", first))) from error

    def _line(self, condition: Condition) -> str:
        return f"{condition.detail} ({self._db.name})."
