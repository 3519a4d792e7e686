"""The order in which waiting runs get the next free slots: priority, then people, then the runs of each person.

Among runs of equal priority the person who holds the fewest slots comes first, then who has had them for the least
time. Among the runs of a person the one with the fewest running shards comes first, then the one that is due first.

No person waits for ever behind a higher priority. A person may have had no slot for a run of a lower one for `AGE_S`.
The next is then theirs, as if the run were one priority higher. After twice that it counts as two higher, and then the
time counts anew.
"""

from typing import Any, TypeAlias

from sqlalchemy import CTE, BindParameter, ColumnElement, Select, and_, case, exists, func, select

from app.records import Queue
from app.store import refusals
from app.store.sql import Now
from app.store.tables import runs, shards, shares

AGE_S = 3600.0

Worker: TypeAlias = str | BindParameter[str]

DUE = func.coalesce(runs.c.due_at, runs.c.created_at)
"""From when a run waits for a slot."""


OWNER = func.coalesce(runs.c.owner_id, "")
"""Who owns a run: all runs of nobody are of one person."""


def waits(queue: Queue, worker: Worker | None) -> ColumnElement[bool]:
    """Return that a shard waits for workers of this queue and was not refused by `worker`."""
    waiting = and_(shards.c.state == "queued", shards.c.queue.in_(("any", queue)))
    return waiting if worker is None else and_(waiting, ~refusals.by(worker))


def in_order(queue: Queue, worker: Worker | None = None) -> Select[Any]:
    """Select the waiting runs that `worker`, or any worker, may take, the next one first.

    The columns are `id`, `owner`, `priority`, its effective `level`, `of_owner` and `of_run`, the shards that are
    running of both, and `due`. A run's place counts one slot for each run of its owner before it.
    """
    known = _known(queue, worker)
    aged = known.c.priority + case((known.c.waited >= 2 * AGE_S, 2), (known.c.waited >= AGE_S, 1), else_=0)
    # Nobody rises above what waits: with one priority in use, age changes nothing.
    level = case((aged > known.c.top, known.c.top), else_=aged).label("level")
    ranked = select(known, level).cte("ranked")
    own = ranked.c.level.desc(), ranked.c.of_run, ranked.c.due, ranked.c.created_at, ranked.c.id
    place = func.row_number().over(partition_by=ranked.c.owner, order_by=own)
    placed = select(ranked, (ranked.c.of_owner + place).label("place")).cte("placed")
    columns = (placed.c[name] for name in ("id", "owner", "priority", "level", "of_owner", "of_run", "due"))
    return select(*columns).order_by(
        placed.c.level.desc(), placed.c.place, placed.c.served_s,
        placed.c.of_run, placed.c.due, placed.c.created_at, placed.c.id,
    )  # fmt: skip


def _known(queue: Queue, worker: Worker | None) -> CTE:
    """Select the waiting runs with all that their order depends on."""
    running = (
        select(shards.c.run_id, OWNER.label("owner"), func.count().label("n"))
        .join(runs)
        .where(shards.c.state.in_(("running", "cancelling")))
        .group_by(shards.c.run_id, OWNER)
        .cte("running")
    )
    of_owner = select(running.c.owner, func.sum(running.c.n).label("n")).group_by(running.c.owner).cte("of_owner")
    last = case(
        (runs.c.priority == 0, shares.c.low_at), (runs.c.priority == 1, shares.c.normal_at), else_=shares.c.high_at
    )
    since = case((last > DUE, last), else_=DUE)
    return (
        select(
            runs.c.id, OWNER.label("owner"), runs.c.priority, DUE.label("due"), runs.c.created_at,
            func.max(runs.c.priority).over().label("top"),
            (Now() - since).label("waited"),
            func.coalesce(of_owner.c.n, 0).label("of_owner"),
            func.coalesce(running.c.n, 0).label("of_run"),
            func.coalesce(shares.c.served_s, 0.0).label("served_s"),
        )
        .select_from(
            runs.outerjoin(shares, shares.c.owner_id == OWNER)
            .outerjoin(of_owner, of_owner.c.owner == OWNER)
            .outerjoin(running, running.c.run_id == runs.c.id)
        )
        .where(runs.c.deleted_at.is_(None), runs.c.state.in_(("queued", "running")))
        .where(exists().where(shards.c.run_id == runs.c.id, waits(queue, worker)))
        .cte("known")
    )  # fmt: skip
