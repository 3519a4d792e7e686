"""Share slots fairly between runs, by the time that each has had one.

A run without a running shard comes before one that has some; among equals, the one that is due earliest. A run is due
when it is created. When it gives a slot back, it is due again after as long as it had the slot. After an hour on a
slot, it queues like a run created an hour from now. So runs of short and of long shards get equal time in the long run,
and a new run gets the next free slot. No run waits for ever: none that is due later goes before it.
"""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, select, update

from app.records import Queue
from app.store import refusals
from app.store import workers as worker_rows
from app.store.sql import Now
from app.store.tables import AnyRow, runs, shards

# Long against what a change of shards costs: a process, a data set, the way back from the checkpoint.
SLICE_S = 300.0
# A shard is interrupted only within this time after a checkpoint, so that almost nothing is computed again.
FRESH_S = 1.0

_DUE = func.coalesce(runs.c.due_at, runs.c.created_at)


def best(queue: Queue, worker: str) -> Select[Any]:
    """Select the queued shard that `worker` takes next, with the spec and the amount of work of its run."""
    return (
        select(shards, runs.c.spec, runs.c.work.label("run_work"))
        .join(runs)
        .where(_queued("any", queue), ~refusals.by(worker))
        .order_by(_running(), _DUE, runs.c.created_at, runs.c.id, shards.c.replicate)
        .limit(1)
    )


def total_slot_s(shard: AnyRow) -> ColumnElement[float]:
    """Return the seconds that a shard has had a slot, if it is let go now."""
    return func.coalesce(shards.c.slot_s, 0.0) + _slot_time(shard)


def postpone(conn: Connection, shard: AnyRow) -> None:
    """Make a run due later by the time that the released shard had its slot."""
    due = Now() + _slot_time(shard)
    later = case((runs.c.due_at > due, runs.c.due_at), else_=due)
    conn.execute(update(runs).where(runs.c.id == shard.run_id).values(due_at=later))


def interrupts(conn: Connection, shard: AnyRow, now: float) -> bool:
    """Return whether to interrupt a running shard: its time is over, it loses nothing, and another run is due."""
    if shard.claimed_at is None or now - shard.claimed_at < SLICE_S:
        return False
    if shard.checkpoint_at is None or now - shard.checkpoint_at > FRESH_S or shard.checkpoint_at < shard.claimed_at:
        return False
    alive = [worker for worker in worker_rows.known(conn) if worker.alive]
    mine = next((worker.queue for worker in alive if worker.id == shard.worker), None)
    if mine is None:
        return False
    waiting = (
        select(shards.c.queue)
        .distinct()
        .join(runs)
        .where(
            _queued("any", mine), ~refusals.by(shard.worker), runs.c.id != shard.run_id, _running() == 0, now >= _DUE
        )
    )
    free = {worker.queue for worker in alive if len(worker.busy) < worker.slots and not worker.trouble}
    return any(not (free if queue == "any" else free & {queue}) for queue in conn.scalars(waiting))


def _queued(*queues: str) -> ColumnElement[bool]:
    return and_(shards.c.state == "queued", shards.c.queue.in_(queues), runs.c.deleted_at.is_(None))


def _running() -> ColumnElement[int]:
    """Return the number of shards of the run that workers have."""
    other = shards.alias()
    theirs = other.c.run_id == shards.c.run_id, other.c.state.in_(("running", "cancelling"))
    return select(func.count()).select_from(other).where(*theirs).scalar_subquery()


def _slot_time(shard: AnyRow) -> ColumnElement[float]:
    return func.coalesce(Now() - shard.claimed_at, 0.0)
