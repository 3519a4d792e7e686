"""The supervisor, seen from a child: hears progress, gives orders, and takes the child with it when it dies."""

import os
import threading
from multiprocessing.connection import Connection
from typing import Any

from app.contract.events import Progress
from workers.job import ORPHANED, Order


class Parent:
    """The other end of `connection`; `order` is the last one it gave."""

    def __init__(self, connection: "Connection[Any, Any]") -> None:
        self.order: Order | None = None
        self._connection = connection
        threading.Thread(target=self._listen, name="supervisor", daemon=True).start()

    def _listen(self) -> None:
        try:
            while True:
                self.order = self._connection.recv()
        except (EOFError, OSError):
            os._exit(ORPHANED)

    def hear(self, shard_id: int, progress: Progress) -> None:
        """Pass on where the experiment of a shard stands."""
        try:
            self._connection.send((shard_id, progress))
        except OSError:
            os._exit(ORPHANED)
