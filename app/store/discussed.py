"""What people have written to each other, as readers get it."""

from abc import ABC, abstractmethod
from collections.abc import Collection
from contextlib import AbstractContextManager

from sqlalchemy import Connection

from app.records.discussion import NamedThing
from app.store import mentions


class Discussed(ABC):
    """Texts of people, as they are now or as they were at one moment."""

    @abstractmethod
    def _read(self) -> AbstractContextManager[Connection]:
        """Return a transaction that only reads."""

    def named_things(self, keys: Collection[str]) -> dict[str, NamedThing]:
        """Return the runs and sweeps among ids, of which at most `mentions.MOST` are looked for."""
        if not keys:
            return {}
        with self._read() as conn:
            return mentions.things(conn, keys)

    def named_people(self, names: Collection[str]) -> dict[str, str]:
        """Return names of people who have an account, by how they are compared."""
        if not names:
            return {}
        with self._read() as conn:
            return {key: name for key, (_, name) in mentions.people(conn, names).items()}
