"""Shards in the hands of workers, and the workers: for those who do the work."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from sqlalchemy import select

from app import logs
from app.contract.events import Event, Progress, Started
from app.records import (
    Queue,
    State,
    WorkerLoad,
)
from app.store import (
    events,
    monitoring,
    shards,
    speeds,
    workers,
)
from app.store.claims import Claim
from app.store.connected import Connected
from app.store.monitoring import Monitored
from app.store.shards import Stuck
from app.store.speeds import Speed
from app.store.sql import Now
from app.store.tables import installation

log = logging.getLogger(__name__)


class Work(Connected):
    """One transaction per method; those with a token raise Fenced when it is no longer the shard's.

    What is written many times a second, and would be again after a power cut, does not wait for the disk.
    """

    def claim(self, queue: Queue, worker: str) -> Claim | None:
        """Take the best queued shard that workers of this queue may run; None when there is none."""
        with self._db.write(hasty=True) as conn:
            return shards.claim(conn, queue, worker, self.lease_s)

    def claim_siblings(self, claim: Claim, width: int, worker: str) -> list[Claim]:
        """Take the queued shards that may be trained with a claimed one as a stack of `width` replicates."""
        with self._db.write() as conn:
            return shards.claim_siblings(conn, claim, width, worker, self.lease_s)

    def heartbeat(
        self, shard_id: int, token: str, progress: Progress | None, trouble: str = ""
    ) -> Literal["run", "cancel", "yield"]:
        """Extend the lease and store the progress, or the `trouble` in words; return what to do. Raises Fenced.

        `yield`: release the shard now, just after a checkpoint, for another run that is due.
        """
        with self._db.write(hasty=True) as conn:
            return shards.heartbeat(conn, shard_id, token, progress, self.lease_s, trouble)

    def start(self, shard_id: int, token: str, started: Started) -> dict[str, Any]:
        """Freeze the numeric plan on the first attempt; return the frozen one. Raises Fenced."""
        with self._db.write() as conn:
            return shards.start(conn, shard_id, token, started)

    def append(self, shard_id: int, token: str, new: Sequence[Event], first_ordinal: int | None) -> int:
        """Append events, less the rows that are already there; return the last seq. Raises Fenced, OrdinalGap.

        `first_ordinal` is that of the first row; None for events that carry none.
        """
        with self._db.write(hasty=True) as conn:
            shard = shards.owned(conn, shard_id, token)
            return events.append(conn, shard, new, first_ordinal)

    def checkpoint(self, shard_id: int, token: str, sha256: str, next_ordinal: int) -> list[str]:
        """Record a stored checkpoint; keep the two newest and return the hashes of the others.

        Raises Fenced, OrdinalGap.
        """
        with self._db.write() as conn:
            return shards.checkpoint(conn, shard_id, token, sha256, next_ordinal)

    def finish(self, shard_id: int, token: str, progress: Progress | None = None) -> State:
        """Finish a shard, or queue it again if the run was extended meanwhile. Raises Fenced.

        `progress` is its last, with the total amount of work.
        """
        with self._db.write() as conn:
            state = shards.finish(conn, shard_id, token, progress)
        log.info("a replicate has ended: %s", state, extra=logs.about(shard=shard_id))
        return state

    def fail(self, shard_id: int, token: str, reason: str, traceback: str, *, final: bool = False) -> State:
        """Queue a shard again after an error, or fail it after the third without a checkpoint. Raises Fenced."""
        with self._db.write() as conn:
            state = shards.fail(conn, shards.owned(conn, shard_id, token), reason, traceback, final=final)
        log.info("a replicate has failed (%s): %s", state, reason, extra=logs.about(shard=shard_id))
        return state

    def cancelled(self, shard_id: int, token: str) -> None:
        """Mark a shard as cancelled, as its worker has stopped. Raises Fenced."""
        with self._db.write() as conn:
            shards.cancelled(conn, shard_id, token)

    def release(self, shard_id: int, token: str) -> None:
        """Queue the shard again; this does not count as a try. Raises Fenced."""
        with self._db.write() as conn:
            shards.give_back(conn, shards.owned(conn, shard_id, token))

    def release_with_plan(self, shard_id: int, token: str, plan: Mapping[str, Any], reason: str) -> None:
        """Queue the shard again with what `plan` changes; this does not count as a try. Raises Fenced."""
        with self._db.write() as conn:
            shards.release_with_plan(conn, shards.owned(conn, shard_id, token), plan, reason)

    def refuse(self, shard_id: int, token: str, reason: str) -> State:
        """Queue a shard again for other workers: this one would compute other numbers. Raises Fenced.

        `reason` names what differs. This does not count as a try.
        """
        with self._db.write() as conn:
            return shards.refuse(conn, shard_id, token, reason)

    def reap(self) -> set[Queue]:
        """Queue shards again whose lease ran out; return the queues with work where a living worker listens.

        When no worker lives, all queues with work are named.
        """
        with self._db.read() as conn:
            overdue = shards.overdue(conn)
        if overdue and not self._db.is_prompt():
            overdue = []  # their workers could not write either: they come first, and the next look decides
        for shard_id in overdue:
            with self._db.write() as conn:
                row = shards.expired(conn, shard_id)
                if row is not None:
                    shards.fail(conn, row, f"worker {row.worker} stopped answering", "", final=False)
        with self._db.read() as conn:
            waiting = shards.queue_length(conn)
            listening = {worker.queue for worker in workers.known(conn) if worker.alive}
        work: set[Queue] = {queue for queue in ("cpu", "gpu") if waiting[queue] or waiting["any"]}
        return work & listening if listening else work

    def register_worker(
        self,
        worker_id: str,
        *,
        host: str,
        pid: int,
        queue: Queue,
        device: str,
        slots: int,
        versions: Mapping[str, str],
    ) -> None:
        """Store a worker process that has started."""
        with self._db.write() as conn:
            workers.register(
                conn, worker_id, host=host, pid=pid, queue=queue, device=device, slots=slots, versions=versions
            )

    def stuck(self, for_s: float) -> list[Stuck]:
        """Return shards that are not taken back although their worker has been silent for so long."""
        with self._db.read() as conn:
            return shards.stuck(conn, for_s)

    def monitored(self) -> Monitored:
        """Return what someone on call watches; reads each run and shard, so at most every half a minute."""
        with self._db.read() as conn:
            return monitoring.read(conn)

    def clock(self) -> float:
        """Return the clock of the database, in seconds since 1970."""
        with self._db.read() as conn:
            return conn.scalar(select(Now()).select_from(installation)) or 0.0

    def worker_seen(
        self, worker_id: str, busy: Sequence[str], load: WorkerLoad | None = None, trouble: str = ""
    ) -> bool:
        """Store that a worker lives and works on these runs; return False when it must register again.

        `trouble` is why it takes none.
        """
        with self._db.write(hasty=True) as conn:
            return workers.seen(conn, worker_id, busy, load, trouble)

    def forget_worker(self, worker_id: str) -> None:
        """Remove a worker that has ended in order."""
        with self._db.write() as conn:
            workers.forget(conn, worker_id)

    def record_speed(self, model: str, dataset: str, batch_size: int, device: str, step_s: float) -> None:
        """Keep how long a step took, in seconds."""
        with self._db.write(hasty=True) as conn:
            speeds.record(conn, Speed(model, dataset, batch_size, device, step_s))
