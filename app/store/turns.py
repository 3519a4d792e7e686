"""Whose turn it is: slots are shared between runs by the time that each has held one.

A run that nobody works on comes before one that somebody does; among equals the one whose turn came first. A turn comes
when the run is created, and again as long after a shard was let go as that shard was held: whoever had a slot for an
hour queues like one who comes an hour from now. So runs of short and of long shards get the same time in the long run,
a newcomer gets the next free slot, and nobody waits for ever: no run that comes after one's turn goes before it.
"""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, select, update

from app.records import Queue
from app.store import refusals
from app.store import workers as worker_rows
from app.store.tables import AnyRow, Now, runs, shards

# Long against what a change of shards costs: a process, a data set, the way back from the checkpoint.
SLICE_S = 300.0
# A shard that makes way does so within this after a checkpoint, so that next to nothing is computed again.
FRESH_S = 1.0

_TURN = func.coalesce(runs.c.turn_at, runs.c.created_at)


def best(queue: Queue, worker: str) -> Select[Any]:
    """The queued shard that `worker` takes next, with its run's spec and amount of work."""
    return (
        select(shards, runs.c.spec, runs.c.work.label("run_work"))
        .join(runs)
        .where(_queued("any", queue), ~refusals.by(worker))
        .order_by(_running(), _TURN, runs.c.created_at, runs.c.id, shards.c.replicate)
        .limit(1)
    )


def total_slot_s(shard: AnyRow) -> ColumnElement[float]:
    """Return the seconds that a shard has had a slot, if it is let go now."""
    return func.coalesce(shards.c.slot_s, 0.0) + _slot_time(shard)


def pass_on(conn: Connection, shard: AnyRow) -> None:
    """The run of a shard that is let go now has had a turn: its next one comes as much later."""
    turn = Now() + _slot_time(shard)
    later = case((runs.c.turn_at > turn, runs.c.turn_at), else_=turn)
    conn.execute(update(runs).where(runs.c.id == shard.run_id).values(turn_at=later))


def makes_way(conn: Connection, shard: AnyRow, now: float) -> bool:
    """Whether a running shard has had its time, loses nothing now, and keeps another run from its turn."""
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
            _queued("any", mine), ~refusals.by(shard.worker), runs.c.id != shard.run_id, _running() == 0, now >= _TURN
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
