"""The supervisor, seen from a child: it receives progress, gives orders, and takes the child with it when it dies."""

import os
import threading
import time
from multiprocessing.connection import Connection
from typing import Any

from app.contract.events import Progress
from workers.job import ORPHANED, Order

# Twice as often as a heartbeat takes it. A network is evaluated in many small pieces, and each reports its progress.
EVERY_S = 0.2


class Parent:
    """The other end of `connection`; `order` is the last one it gave."""

    def __init__(self, connection: "Connection[Any, Any]") -> None:
        self.order: Order | None = None
        self._connection = connection
        self._heard: dict[int, tuple[Progress, float]] = {}
        threading.Thread(target=self._listen, name="supervisor", daemon=True).start()

    def _listen(self) -> None:
        try:
            while True:
                self.order = self._connection.recv()
        except (EOFError, OSError):
            os._exit(ORPHANED)

    def hear(self, shard_id: int, progress: Progress) -> None:
        """Send the progress of a shard's experiment: at once for another training or note, else five times a second."""
        now = time.monotonic()
        if shard_id in self._heard:
            last, heard_at = self._heard[shard_id]
            if (last.key, last.note) == (progress.key, progress.note) and now - heard_at < EVERY_S:
                return
        self._heard[shard_id] = progress, now
        try:
            self._connection.send((shard_id, progress))
        except OSError:
            os._exit(ORPHANED)
