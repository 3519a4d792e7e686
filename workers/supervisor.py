"""The parent's side of a job: a child that does it, heartbeats that keep its shards, and an end for every ending."""

import logging
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerProcess
from typing import Any, Literal

from sqlalchemy.exc import SQLAlchemyError

from app.contract.events import Progress
from app.queue import Queue
from app.store import Store
from app.store.errors import Fenced
from workers.forkserver import LOST, end, spawn
from workers.job import DONE, FENCED, Job, Order
from workers.stillness import REPLACED_S, Stillness

log = logging.getLogger(__name__)

CHILD = "workers.child:main"
# Often enough for a cancel to be seen within half a second and a page to move; the lease needs far less.
HEARTBEAT_S = 0.4
_POLL_S = 0.1
# How long a child may take to write down what it has after an order, before it is killed.
GRACE_S: dict[Order, float] = {"cancel": 1.0, "stop": 3.0}


class Supervisor:
    """Sees the claimed shards of a job through; `stopping` is True if the worker shuts down."""

    def __init__(self, store: Store, queue: Queue, job: Job, stopping: Callable[[], bool]) -> None:
        self._store = store
        self._queue = queue
        self._job = job
        self._shards = {claim.shard_id: claim.token for claim in job.claims}
        self._stopping = stopping
        self._order: Order | None = None
        self._kill_at = float("inf")
        self._progress: dict[int, Progress] = {}
        self._troubled = False
        self._still = ""

    def run(self) -> None:
        """Run the job in a child until its shards ended, were given back or were lost; the store knows which."""
        try:
            child, connection = self._spawn()
        except (OSError, EOFError) as error:
            reason = f"no training process could be started: {error}"
            self._end_all(lambda shard_id, token: self._store.fail(shard_id, token, reason, ""))
            return
        fenced = False
        try:
            self._watch(child, connection)
        except Fenced:
            fenced = True  # another worker has the shards: there is nothing to save
        finally:
            code = end(child)
            # This also ends a child whose fork server died: it is then reported dead while it still lives.
            connection.close()
        if not fenced and code not in (DONE, FENCED):
            self._end_all(lambda shard_id, token: self._end(code, shard_id, token))

    def _spawn(self) -> tuple[ForkServerProcess, "Connection[Any, Any]"]:
        """Keep the shard until its child is there: a fork server that must start first may take longer than a lease."""
        with ThreadPoolExecutor(1, "spawn") as pool:
            starting = pool.submit(spawn, CHILD, self._job)
            while wait_for([starting], HEARTBEAT_S).not_done:
                with suppress(Fenced):  # `_watch` finds out as well, when there is a child to end
                    self._beat()
            return starting.result()

    def _watch(self, child: ForkServerProcess, connection: "Connection[Any, Any]") -> None:
        """Return when the child has ended."""
        beat_at, stillness = 0.0, Stillness(child.pid or 0)
        while not wait([child.sentinel], timeout=_POLL_S):
            now = time.monotonic()
            if self._stopping():
                self._tell(connection, "stop")
            if now >= beat_at:
                beat_at = now + HEARTBEAT_S
                stillness.observe(self._read(connection))
                if stillness.seconds >= REPLACED_S:
                    self._still = stillness.words
                    self._kill_at = now
                match self._beat(stillness.words):
                    case "cancel":
                        self._tell(connection, "cancel")
                    case "yield":
                        self._tell(connection, "stop")
            if now >= self._kill_at:
                child.kill()

    def _read(self, connection: "Connection[Any, Any]") -> bool:
        """Take all progress that waits, and return whether there was any."""
        with suppress(EOFError, OSError):  # the child has closed its end
            while connection.poll():
                shard_id, self._progress[shard_id] = connection.recv()
        return bool(self._progress)

    def _beat(self, trouble: str = "") -> Literal["run", "cancel", "yield"]:
        """Keep every shard that is still ours, and return the orders for them; raises Fenced when none is ours."""
        if trouble and not self._troubled:
            log.warning("run %s: %s", self._job.claim.run_id, trouble)
        self._troubled = bool(trouble)
        progress, self._progress = self._progress, {}
        orders: set[str] = set()
        for shard_id, token in tuple(self._shards.items()):
            try:
                orders.add(self._store.heartbeat(shard_id, token, progress.get(shard_id), trouble))
            except Fenced:
                # The child has ended it, or another worker has it: the child will find out.
                del self._shards[shard_id]
            except SQLAlchemyError as error:
                # The lease bridges a database that is away for a moment; after that, fencing decides.
                log.warning("heartbeat of shard %s: %s", shard_id, error)
        if not self._shards:
            raise Fenced("no shard of the job is ours any more")
        # They share a slot, so that all of them make way.
        return "cancel" if "cancel" in orders else "yield" if "yield" in orders else "run"

    def _tell(self, connection: "Connection[Any, Any]", order: Order) -> None:
        if self._order is None:
            self._order = order
            self._kill_at = time.monotonic() + GRACE_S[order]
            try:
                connection.send(order)
            except OSError:
                return  # it is ending already

    def _end(self, code: int, shard_id: int, token: str) -> None:
        """Tell the store what became of a child that did not do so itself."""
        if self._order == "cancel":
            self._store.cancelled(shard_id, token)
        elif self._order == "stop":
            self._store.release(shard_id, token)
        else:
            self._store.fail(shard_id, token, self._still or _describe(code), "")

    def _end_all(self, write: Callable[[int, str], object]) -> None:
        for shard in self._shards.items():
            try:
                write(*shard)
            except Fenced:
                continue  # it had ended, or its lease had
            except SQLAlchemyError as error:
                log.warning("shard %s stays leased until a reaper finds it: %s", shard[0], error)
            else:
                self._queue.wake(self._job.claim.run_id, 0)


def _describe(code: int) -> str:
    if code == LOST:
        return "the training process was lost with the fork server"
    if code < 0:
        return f"the training process was ended by {signal.Signals(-code).name}"
    return f"the training process exited with code {code}"
