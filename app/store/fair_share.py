"""Share slots fairly: between people, and between the runs of each by the time that each has had one.

`queue_order` says who comes first. A run is due when it is created. When it gives a slot back, it is due again after as
long as it had the slot. After an hour on a slot, it queues like a run created an hour from now. So runs of short and of
long shards get equal time in the long run, and a new run gets its person's next free slot. No run waits for ever: none
of the same person and priority that is due later goes before it.
"""

from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Select,
    String,
    and_,
    bindparam,
    case,
    func,
    or_,
    select,
    update,
)

from app.records import Queue
from app.store import queue_order, shares
from app.store import workers as worker_rows
from app.store.sql import Now
from app.store.tables import AnyRow, runs, shards

# Long against what a change of shards costs: a process, a data set, the way back from the checkpoint.
SLICE_S = 300.0
# A shard is interrupted only within this time after a checkpoint, so that almost nothing is computed again.
FRESH_S = 1.0
# Runs that are tried first: others may be taking their last shards at this moment.
_TRIED = 20


def best(conn: Connection, queue: Queue, worker: str) -> tuple[AnyRow, AnyRow] | None:
    """Return the queued shard that `worker` takes next, locked, with the spec and work of its run; and its place."""
    tried: set[str] = set()
    for limit in (_TRIED, None):
        for run in conn.execute(_order(queue, limit), {"by": worker}).all():
            if run.id in tried:
                continue
            tried.add(run.id)
            row = conn.execute(_next(queue), {"run": run.id, "by": worker}).first()
            if row is not None:
                return row, run
        if len(tried) < _TRIED:
            return None
    return None


# Each statement is built once: that takes longer than to run it.
_BY: BindParameter[str] = bindparam("by", type_=String)


@cache
def _order(queue: Queue, limit: int | None) -> Select[Any]:
    """Select the first waiting runs that worker `by` may take."""
    return queue_order.in_order(queue, _BY).limit(limit)


@cache
def _next(queue: Queue) -> Select[Any]:
    """Select the first waiting shard of `run` that no other worker is taking, to lock it."""
    return (
        select(shards, runs.c.spec, runs.c.work.label("run_work"))
        .join(runs)
        .where(shards.c.run_id == bindparam("run", type_=String), queue_order.waits(queue, _BY))
        .order_by(shards.c.replicate)
        .limit(1)
        .with_for_update(of=shards, skip_locked=True, key_share=True)
    )


def total_slot_s(shard: AnyRow) -> ColumnElement[float]:
    """Return the seconds that a shard has had a slot, if it is let go now."""
    return func.coalesce(shards.c.slot_s, 0.0) + _slot_time(shard)


def postpone(conn: Connection, shard: AnyRow) -> None:
    """Make a run due later by the time that the released shard had its slot, and charge its owner with it."""
    due = Now() + _slot_time(shard)
    later = case((runs.c.due_at > due, runs.c.due_at), else_=due)
    conn.execute(update(runs).where(runs.c.id == shard.run_id).values(due_at=later))
    shares.charge(conn, shard)


def interrupts(conn: Connection, shard: AnyRow, now: float) -> bool:
    """Return whether to interrupt a running shard: its time is over, it loses nothing, and another run comes first."""
    if shard.claimed_at is None or now - shard.claimed_at < SLICE_S or not is_fresh(shard, now):
        return False
    alive = [worker for worker in worker_rows.known(conn) if worker.alive]
    mine = next((worker.queue for worker in alive if worker.id == shard.worker), None)
    if mine is None:
        return False
    waiting = (
        select(shards.c.queue)
        .distinct()
        .where(queue_order.waits(mine, shard.worker), shards.c.run_id.in_(_ahead(conn, shard, mine, now)))
    )
    free = {worker.queue for worker in alive if len(worker.busy) < worker.slots and not worker.trouble}
    return any(not (free if queue == "any" else free & {queue}) for queue in conn.scalars(waiting))


def is_fresh(shard: AnyRow, now: float) -> bool:
    """Return whether a running shard has made a checkpoint just now, so that nothing is lost if it is let go."""
    if shard.claimed_at is None or shard.checkpoint_at is None:
        return False
    fresh: bool = shard.checkpoint_at >= shard.claimed_at and now - shard.checkpoint_at <= FRESH_S
    return fresh


def _ahead(conn: Connection, shard: AnyRow, queue: Queue, now: float) -> Select[Any]:
    """Select the due runs without a slot that come before the shard's run: by priority, or by who has fewer slots."""
    run = conn.execute(select(runs.c.owner_id, runs.c.priority).where(runs.c.id == shard.run_id)).one()
    owner = shares.owner_of(run.owner_id)
    held = select(func.count()).select_from(shards.join(runs))
    held = held.where(shards.c.state.in_(("running", "cancelling")), func.coalesce(runs.c.owner_id, "") == owner)
    other = queue_order.in_order(queue, shard.worker).order_by(None).subquery()
    fewer = or_(other.c.owner == owner, other.c.of_owner < held.scalar_subquery())
    comes_first = or_(other.c.level > run.priority, and_(other.c.level == run.priority, fewer))
    return select(other.c.id).where(other.c.id != shard.run_id, other.c.of_run == 0, other.c.due <= now, comes_first)


def _slot_time(shard: AnyRow) -> ColumnElement[float]:
    return func.coalesce(Now() - shard.claimed_at, 0.0)
