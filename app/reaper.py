"""Requeue work whose worker died: a thread in every web and worker process."""

import logging
import time
from collections.abc import Callable, Set

from app.periodic import Periodic
from app.queue import Queue
from app.store import Store, StoreError

log = logging.getLogger(__name__)

EVERY_S = 5.0
SWEEP_EVERY_S = 3600.0
# Soon after the start as well: a machine may never be up for an hour.
FIRST_SWEEP_S = 60.0


class Reaper(Periodic):
    """Every few seconds: expired leases back to the queue, queues with work announced again; hourly: a sweep.

    `on_work` gets at each round the queues ("cpu", "gpu") that have work waiting; `also` is done at each round.
    """

    def __init__(
        self,
        store: Store,
        queue: Queue,
        on_work: Callable[[Set[str]], None] = lambda _: None,
        also: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._queue = queue
        self._on_work = on_work
        self._also = also
        # Without this thread no lost work comes back.
        super().__init__("reaper", self.reap, EVERY_S)
        self._sweep_at = time.monotonic() + min(FIRST_SWEEP_S, SWEEP_EVERY_S)

    def reap(self) -> None:
        """Reap, announce, do what else is due at each round and, when due, sweep."""
        waiting = self._store.reap()
        if waiting:
            self._queue.announce(waiting)
        self._on_work(waiting)
        self._also()
        if time.monotonic() >= self._sweep_at:
            self._sweep_at = time.monotonic() + SWEEP_EVERY_S
            self._sweep()

    def _sweep(self) -> None:
        try:
            self._store.sweep_artifacts()
        except StoreError as error:
            log.warning("%s", error)  # its message is what to do
        except Exception:
            # An artifact store raises what its library likes, and reaping needs none.
            log.exception("the artifacts could not be swept")
