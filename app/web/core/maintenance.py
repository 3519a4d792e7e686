"""The message of an admin that every page shows."""

from contextlib import suppress
from datetime import UTC

from sqlalchemy.exc import SQLAlchemyError

from app.records.workers import Maintenance
from app.store import Store


class MaintenanceMessage:
    """Read from the store at the start and then every few seconds, so that pages cost no query for it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.current: Maintenance | None = None
        with suppress(SQLAlchemyError):  # away, or not migrated yet
            self.read()

    def read(self) -> None:
        """Read it anew. Raises what the database raises."""
        self.current = self._store.maintenance()


def begins(message: Maintenance) -> str:
    """Return from when what a message announces begins, empty where it does not say."""
    return "" if message.begins_at is None else f"{message.begins_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
