"""What people have written to each other, as readers get it."""

from abc import ABC, abstractmethod
from collections.abc import Collection
from contextlib import AbstractContextManager

from sqlalchemy import Connection

from app.records.discussion import Comment, NamedThing
from app.store import comments, mentions, page_edge
from app.store.page_edge import Edge


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

    def comments(self, *, run_id: str = "", sweep_id: str = "") -> list[Comment]:
        """Return the comments on a run or a sweep, the oldest first."""
        with self._read() as conn:
            return comments.on(conn, run_id=run_id, sweep_id=sweep_id)

    def comment(self, comment_id: str) -> Comment:
        """Return a comment, deleted or not. Raises NotFound."""
        with self._read() as conn:
            return comments.one(conn, comment_id)

    def edge(self) -> Edge:
        """Return the counts that every page shows."""
        with self._read() as conn:
            return page_edge.edge(conn)

    def unread(self) -> int:
        """Return how many notifications who acts has not read, up to `COUNTED`."""
        return self.edge().unread

    def count_unmeasured(self) -> int:
        """Return how many runs that ended some time ago are not measured up to their end."""
        return self.edge().unmeasured
