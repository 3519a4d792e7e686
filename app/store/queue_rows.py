"""What waits and what runs, in the order of the queue."""

from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from app.records import Queue
from app.store import queue_order
from app.store.sql import Now
from app.store.tables import runs, shards

QUEUES: tuple[Queue, ...] = ("cpu", "gpu")


class Waiting(NamedTuple):
    """A run with `n` waiting replicates for `device`, its effective priority, and its place by queue, from 1."""

    run_id: str
    device: str
    n: int
    level: int
    places: Mapping[Queue, int]


class Working(NamedTuple):
    """A running replicate: its worker, since how many seconds, and the seconds left; None where that is not known."""

    run_id: str
    replicate: int
    worker: str
    running_s: float
    left_s: float | None


def waiting(conn: Connection) -> list[Waiting]:
    """Return the waiting runs, those with the first places first."""
    places: dict[str, dict[Queue, int]] = {}
    levels: dict[str, int] = {}
    for queue in QUEUES:
        for place, row in enumerate(conn.execute(queue_order.in_order(queue)), 1):
            places.setdefault(row.id, {})[queue] = place
            levels[row.id] = max(row.level, levels.get(row.id, 0))
    counts = (
        select(shards.c.run_id, shards.c.queue, func.count().label("n"))
        .join(runs)
        .where(shards.c.state == "queued", runs.c.deleted_at.is_(None), runs.c.state.in_(("queued", "running")))
        .group_by(shards.c.run_id, shards.c.queue)
    )
    of_run: dict[str, dict[str, int]] = {}
    for row in conn.execute(counts):
        of_run.setdefault(row.run_id, {})[row.queue] = row.n
    waiting_runs = [
        Waiting(run_id, _device(of_run[run_id]), sum(of_run[run_id].values()), levels[run_id], places[run_id])
        for run_id in places
        if run_id in of_run
    ]
    return sorted(waiting_runs, key=lambda item: min(item.places.values()))


def working(conn: Connection) -> list[Working]:
    """Return the running replicates, those that have run longest first."""
    rows = conn.execute(
        select(shards, Now().label("now"))
        .where(shards.c.state.in_(("running", "cancelling")), shards.c.worker.is_not(None))
        .order_by(shards.c.claimed_at, shards.c.id)
    )
    replicates = []
    for row in rows:
        rest = max(0, row.total - row.done)
        left = rest / row.speed if row.speed else None
        if left is None and row.estimated_s is not None:
            left = row.estimated_s * rest / max(1, row.total)
        running_s = max(0.0, row.now - row.claimed_at) if row.claimed_at is not None else 0.0
        replicates.append(Working(row.run_id, row.replicate, row.worker, running_s, left))
    return replicates


def _device(counts: Mapping[str, int]) -> str:
    """Return the queue that all waiting replicates of a run are for, `any` where they are for several."""
    return next(iter(counts)) if len(counts) == 1 else "any"
