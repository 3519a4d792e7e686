"""Runs, their events, series and artifacts: the one truth, in SQLite or PostgreSQL and a folder of bytes."""

import itertools
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Literal

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from app.contract.events import ArtifactSaved, Event, Measured, Progress, Started
from app.contract.outputs import Outputs
from app.contract.records import (
    ArtifactRef,
    EventRecord,
    Page,
    Queue,
    Refusal,
    Run,
    Series,
    Shard,
    State,
    WorkerInfo,
    WorkerLoad,
)
from app.contract.specs import Experiment, ImportedSpec
from app.store import (
    artifacts,
    events,
    ids,
    imported,
    lifecycle,
    listing,
    outputs,
    refusals,
    runs,
    series,
    shards,
    speeds,
    timings,
    workers,
)
from app.store.artifacts import DAY_S, Artifacts
from app.store.claims import CheckpointRef, Claim
from app.store.database import Database
from app.store.errors import Conflict, Corrupt, Fenced, NotFound, OrdinalGap, StoreError
from app.store.speeds import Speed
from app.store.tables import REVISION
from app.store.timings import Timing

__all__ = [
    "Artifacts",
    "CheckpointRef",
    "Claim",
    "Conflict",
    "Corrupt",
    "Fenced",
    "NotFound",
    "OrdinalGap",
    "Speed",
    "Store",
    "StoreError",
    "Timing",
]


class Store:
    """One transaction per method. `lease_s` is how long a shard is kept for a worker that says nothing.

    What is written many times a second, and would be again after a power cut, does not wait for the disk.
    """

    def __init__(self, database_url: str, artifacts_url: str, *, lease_s: float = 15.0) -> None:
        self.database_url, self.artifacts_url, self.lease_s = database_url, artifacts_url, lease_s
        self._db = Database(database_url)
        self.artifacts_store = Artifacts(artifacts_url)

    def close(self) -> None:
        """Close all pooled connections; the store can still be used."""
        self._db.dispose()

    # --- schema ---

    def migrate(self) -> None:
        """Bring the schema to the newest revision; safe to call from several processes at once."""
        from app.store.migrate import migrate  # Alembic is slow to import and only needed here

        migrate(self._db)

    def revision_ok(self) -> bool:
        """Whether the database is reachable and at this program's revision."""
        try:
            with self._db.read() as conn:
                return conn.execute(text("SELECT version_num FROM alembic_version")).scalar() == REVISION
        except DBAPIError:
            return False

    def wait_for_revision(self, timeout: float) -> None:
        """Wait until somebody has migrated. Raises TimeoutError after `timeout` seconds."""
        end = time.monotonic() + timeout
        while not self.revision_ok():
            if time.monotonic() > end:
                raise TimeoutError("the database is not at this program's revision: run `ticketscope migrate`")
            time.sleep(0.1)

    # --- runs ---

    def create_run(
        self,
        spec: Experiment,
        *,
        name: str,
        tags: Iterable[str] = (),
        notes: str = "",
        again_of: str | None = None,
        told_s: float | None = None,
    ) -> Run:
        """Store a run and queue its shards. Raises FieldError for a bad name, tag or note.

        `again_of` is the run that it repeats; `told_s` is what the person was told that each shard takes on a slot, to
        be compared with what it will take.
        """
        labels: dict[str, Any] = {"name": name, "tags": list(tags), "notes": notes, "again_of": again_of}
        return self._create(lambda conn, run_id: runs.create(conn, run_id, spec, **labels, told_s=told_s))

    def import_run(
        self,
        spec: ImportedSpec,
        outputs: Sequence[Measured | ArtifactSaved],
        provenance: Mapping[str, Any],
        *,
        name: str,
        tags: Iterable[str] = (),
        notes: str = "",
    ) -> Run:
        """Store a finished run of imported masks, whose bytes are there already. Raises FieldError as `create_run`."""
        labels: dict[str, Any] = {"name": name, "tags": list(tags), "notes": notes}
        self.artifacts_store.settle(output.sha256 for output in outputs if isinstance(output, ArtifactSaved))
        return self._create(lambda conn, run_id: imported.create(conn, run_id, spec, outputs, provenance, **labels))

    def _create(self, write: Callable[[Connection, str], None]) -> Run:
        """Store a new run under an id that is free."""
        for attempt in itertools.count(1):
            run_id = ids.run_id()
            try:
                with self._db.write() as conn:
                    write(conn, run_id)
                    return runs.get(conn, run_id)
            except IntegrityError:  # another process drew the same id in the same millisecond
                if attempt == 3:
                    raise
        raise AssertionError("unreachable")

    def run(self, run_id: str) -> Run:
        """Raises NotFound."""
        with self._db.read() as conn:
            return runs.get(conn, run_id)

    def runs(
        self,
        *,
        q: str = "",
        kind: str | None = None,
        state: str | None = None,
        tag: str | None = None,
        sort: str = "-created_at",
        limit: int = 50,
        cursor: str | None = None,
        binned: bool = False,
    ) -> Page:
        """A page of runs; `q` has words and `key:value` (model, dataset, tag, state, kind, again).

        Raises FieldError.
        """
        with self._db.read() as conn:
            return listing.page(
                conn, q=q, kind=kind, state=state, tag=tag, sort=sort, limit=limit, cursor=cursor, binned=binned
            )

    def count_runs(self) -> dict[str, int]:
        """How many runs outside the bin are in each state; a state without runs is left out."""
        with self._db.read() as conn:
            return listing.count(conn)

    def shards(self, run_id: str) -> list[Shard]:
        """The run's shards by replicate. Raises NotFound."""
        with self._db.read() as conn:
            return runs.shard_records(conn, run_id)

    def update_run(
        self, run_id: str, *, name: str | None = None, tags: Iterable[str] | None = None, notes: str | None = None
    ) -> Run:
        """Change what is given. Raises NotFound, FieldError."""
        with self._db.write() as conn:
            runs.relabel(conn, run_id, name=name, tags=tags, notes=notes)
            return runs.get(conn, run_id)

    def cancel_run(self, run_id: str) -> Run:
        """Stop a run; again does nothing. Raises NotFound, Conflict when it has ended otherwise."""
        with self._db.write() as conn:
            lifecycle.cancel(conn, run_id)
            return runs.get(conn, run_id)

    def resume_run(self, run_id: str) -> Run:
        """Queue what was cancelled or failed again. Raises NotFound, Conflict."""
        with self._db.write() as conn:
            lifecycle.resume(conn, run_id)
            return runs.get(conn, run_id)

    def extend_run(self, run_id: str, spec: Experiment, told_s: float | None = None) -> Run:
        """Ask for more of what the kind's `grows` names. Raises NotFound, Conflict, FieldError."""
        with self._db.write() as conn:
            lifecycle.extend(conn, run_id, spec, told_s)
            return runs.get(conn, run_id)

    def bin_run(self, run_id: str) -> Run:
        """Move a run to the bin, cancelled if it is live. Raises NotFound."""
        with self._db.write() as conn:
            lifecycle.discard(conn, run_id)
            return runs.get(conn, run_id)

    def restore_run(self, run_id: str) -> Run:
        """Take a run out of the bin. Raises NotFound."""
        with self._db.write() as conn:
            lifecycle.restore(conn, run_id)
            return runs.get(conn, run_id)

    def purge_run(self, run_id: str) -> None:
        """Delete a binned run for good; its bytes go with the next sweep. Raises NotFound, Conflict."""
        with self._db.write() as conn:
            lifecycle.purge(conn, run_id)

    def empty_bin(self) -> int:
        """Purge every binned run that has stopped; returns how many."""
        with self._db.read() as conn:
            purgeable = lifecycle.purgeable(conn)
        n = 0
        for run_id in purgeable:
            with suppress(NotFound, Conflict):  # somebody was faster
                self.purge_run(run_id)
                n += 1
        return n

    # --- what they measured ---

    def events(self, run_id: str, after: int = 0, limit: int = 1000) -> list[EventRecord]:
        """The first `limit` events after a seq. Raises NotFound."""
        with self._db.read() as conn:
            return events.after(conn, run_id, after, limit)

    def starts(self, run_id: str) -> list[EventRecord]:
        """The events `started` of every attempt, in order. Raises NotFound."""
        with self._db.read() as conn:
            return events.starts(conn, run_id)

    def outputs(self, run_id: str, replicate: int) -> Outputs:
        """All that a replicate measured and saved, in its order; empty without any. Raises NotFound."""
        with self._db.read() as conn:
            return outputs.of_replicate(conn, run_id, replicate)

    def last_seqs(self, run_ids: Collection[str] | None = None) -> dict[str, int]:
        """The newest seq of each of these runs, or of all that are not in the bin; unknown ones are left out."""
        with self._db.read() as conn:
            return events.last_seqs(conn, run_ids)

    def touched(self, run_id: str, after: int) -> set[str]:
        """What a page that has seen `after` must fetch again: names of series and artifacts, or kinds of events."""
        with self._db.read() as conn:
            return events.touched(conn, run_id, after)

    def series(
        self,
        run_id: str,
        name: str,
        *,
        branch: str | None = None,
        replicate: int | None = None,
        level: int | None = None,
    ) -> Series:
        """All rows of a series, empty when nothing was measured yet. Raises NotFound."""
        with self._db.read() as conn:
            return series.read(conn, run_id, name, branch=branch, replicate=replicate, level=level)

    def artifacts(self, run_id: str) -> list[ArtifactRef]:
        """The run's artifacts by replicate. Raises NotFound."""
        with self._db.read() as conn:
            return artifacts.of_run(conn, run_id)

    def artifact(self, artifact_id: str) -> ArtifactRef:
        """The newest artifact with this hash. Raises NotFound."""
        with self._db.read() as conn:
            return artifacts.one(conn, artifact_id)

    def sweep_artifacts(self, older_than_s: float = DAY_S) -> int:
        """Delete bytes that no run refers to and that are older than this; returns how many files."""
        with self._db.read() as conn:
            referenced = artifacts.referenced(conn)
        return self.artifacts_store.sweep(referenced, older_than_s)

    # --- shards in the hands of workers; Fenced when the token is no longer the shard's ---

    def claim(self, queue: Queue, worker: str) -> Claim | None:
        """Take the best queued shard that workers of this queue may run; None when there is none."""
        with self._db.write(hasty=True) as conn:
            return shards.claim(conn, queue, worker, self.lease_s)

    def claim_beside(self, claim: Claim, width: int, worker: str) -> list[Claim]:
        """Take the queued shards that may be trained with a claimed one as a stack of `width` replicates."""
        with self._db.write() as conn:
            return shards.claim_beside(conn, claim, width, worker, self.lease_s)

    def heartbeat(self, shard_id: int, token: str, progress: Progress | None) -> Literal["run", "cancel", "yield"]:
        """Extend the lease and note the progress; says whether to go on. Raises Fenced.

        `yield`: hand the shard back now, just after a checkpoint, for another run whose turn has come.
        """
        with self._db.write(hasty=True) as conn:
            return shards.heartbeat(conn, shard_id, token, progress, self.lease_s)

    def start(self, shard_id: int, token: str, started: Started) -> dict[str, Any]:
        """Freeze the numeric plan on the first attempt; returns the frozen one. Raises Fenced."""
        with self._db.write() as conn:
            return shards.start(conn, shard_id, token, started)

    def append(self, shard_id: int, token: str, new: Sequence[Event], first_ordinal: int | None) -> int:
        """Append events, less the rows that are already there; returns the last seq. Raises Fenced, OrdinalGap.

        `first_ordinal` is that of the first row; None for events that carry none.
        """
        with self._db.write(hasty=True) as conn:
            shard = shards.owned(conn, shard_id, token)
            return events.append(conn, shard, new, first_ordinal)

    def checkpoint(self, shard_id: int, token: str, sha256: str, next_ordinal: int) -> list[str]:
        """Record a stored checkpoint; the two newest are kept, and the hashes of the others returned.

        Raises Fenced, OrdinalGap.
        """
        with self._db.write() as conn:
            return shards.checkpoint(conn, shard_id, token, sha256, next_ordinal)

    def finish(self, shard_id: int, token: str) -> State:
        """The shard is done: finished, or queued again if the run was extended meanwhile. Raises Fenced."""
        with self._db.write() as conn:
            return shards.finish(conn, shard_id, token)

    def fail(self, shard_id: int, token: str, reason: str, traceback: str, *, final: bool = False) -> State:
        """An attempt failed: queued again, or failed at the third time without a checkpoint. Raises Fenced."""
        with self._db.write() as conn:
            return shards.fail(conn, shards.owned(conn, shard_id, token), reason, traceback, final=final)

    def cancelled(self, shard_id: int, token: str) -> None:
        """The worker stopped as it was told. Raises Fenced."""
        with self._db.write() as conn:
            shards.cancelled(conn, shard_id, token)

    def release(self, shard_id: int, token: str) -> None:
        """The worker gives the shard back unharmed; that is not a try. Raises Fenced."""
        with self._db.write() as conn:
            shards.give_back(conn, shards.owned(conn, shard_id, token))

    def narrow(self, shard_id: int, token: str, plan: Mapping[str, Any], reason: str) -> None:
        """The worker gives the shard back, to go on with less at once, as `plan` says; no try either. Raises Fenced."""
        with self._db.write() as conn:
            shards.narrow(conn, shards.owned(conn, shard_id, token), plan, reason)

    def refuse(self, shard_id: int, token: str, reason: str) -> State:
        """The worker would give other numbers than the shard's first attempt: no try, and another one's. Raises Fenced.

        `reason` names what differs.
        """
        with self._db.write() as conn:
            return shards.refuse(conn, shard_id, token, reason)

    def refusals(self, run_id: str) -> list[Refusal]:
        """Which workers cannot go on with the run's waiting shards, and why."""
        with self._db.read() as conn:
            return refusals.of_run(conn, run_id)

    def reap(self) -> set[Queue]:
        """Take back shards whose lease ran out; returns the queues with work, where a living worker listens.

        When no worker lives, all queues with work are named.
        """
        with self._db.read() as conn:
            overdue = shards.overdue(conn)
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

    def queue_length(self) -> dict[str, int]:
        """Queued shards by the workers they wait for: `cpu`, `gpu` or `any`."""
        with self._db.read() as conn:
            return shards.queue_length(conn)

    # --- workers ---

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
        """A worker process has started."""
        with self._db.write() as conn:
            workers.register(
                conn, worker_id, host=host, pid=pid, queue=queue, device=device, slots=slots, versions=versions
            )

    def worker_seen(
        self, worker_id: str, busy: Sequence[str], load: WorkerLoad | None = None, trouble: str = ""
    ) -> bool:
        """A worker lives and works on these runs; `trouble` is why it takes none. False when it must register again."""
        with self._db.write(hasty=True) as conn:
            return workers.seen(conn, worker_id, busy, load, trouble)

    def forget_worker(self, worker_id: str) -> None:
        """A worker has ended in order."""
        with self._db.write() as conn:
            workers.forget(conn, worker_id)

    def workers(self) -> list[WorkerInfo]:
        """Workers seen within a day; `alive` are those seen in the last 15 s by the database's clock."""
        with self._db.read() as conn:
            return workers.known(conn)

    def record_speed(self, model: str, dataset: str, batch_size: int, device: str, step_s: float) -> None:
        """Keep how long a step took, in seconds."""
        with self._db.write(hasty=True) as conn:
            speeds.record(conn, Speed(model, dataset, batch_size, device, step_s))

    def timings(self) -> list[Timing]:
        """What the newest shards took and were told to take, the newest first."""
        with self._db.read() as conn:
            return timings.newest(conn)

    def speeds(self) -> list[Speed]:
        """Every speed that was measured last."""
        with self._db.read() as conn:
            return speeds.known(conn)
