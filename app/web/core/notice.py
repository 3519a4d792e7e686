"""The message of an admin that every page shows."""

import time
from contextlib import suppress
from datetime import UTC

from sqlalchemy.exc import SQLAlchemyError

from app.records.workers import Maintenance
from app.store import Store

LOOK_S = 2.0
"""How long after it was written in another process a page may still be without it."""


class Notice:
    """Read from the store every few seconds, so that pages cost no query for it; while the store is away, as before."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: Maintenance | None = None
        self._read_at = float("-inf")

    def now(self) -> Maintenance | None:
        """Return the message."""
        if time.monotonic() - self._read_at > LOOK_S:
            self._read_at = time.monotonic()
            with suppress(SQLAlchemyError):  # the page has enough to tell of a store that is away
                self._known = self._store.maintenance()
        return self._known

    def forget(self) -> None:
        """Read it anew for the next page."""
        self._read_at = float("-inf")


def begins(notice: Maintenance) -> str:
    """Return from when what a message announces begins, empty where it does not say."""
    return "" if notice.begins_at is None else f"{notice.begins_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
