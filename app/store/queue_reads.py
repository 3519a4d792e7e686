"""What can be read of the queue."""

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager

from sqlalchemy import Connection

from app.store import queue_rows
from app.store.queue_rows import Waiting, Working


class QueueReads(ABC):
    """The queue, as it is now or as it was at one moment."""

    @abstractmethod
    def _read(self) -> AbstractContextManager[Connection]:
        """Return a transaction that only reads."""

    def queue(self) -> tuple[list[Waiting], list[Working]]:
        """Return the waiting runs in their order, and the running replicates."""
        with self._read() as conn:
            return queue_rows.waiting(conn), queue_rows.working(conn)
