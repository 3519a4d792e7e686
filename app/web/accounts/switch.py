"""Whether accounts are on, as this process knows it."""

from contextlib import suppress

from sqlalchemy.exc import SQLAlchemyError

from app.store import Store

LOOK_S = 2.0
"""How long after a switch in another process an installation may still be open."""


class Switch:
    """Read from the store at the start and then every few seconds: a page without accounts costs no query for it.

    Accounts that are on stay on. `on` is None while the store was never read: then each request looks.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.on: bool | None = None
        with suppress(SQLAlchemyError):  # away, or not migrated yet
            self.look()

    def look(self) -> bool:
        """Return whether accounts are on. Raises what the database raises."""
        self.on = bool(self.on) or self._store.accounts_on()
        return self.on
