"""Shards that a worker cannot go on with: it would give other numbers, so the shard waits for another worker."""

from sqlalchemy import BindParameter, ColumnElement, Connection, delete, exists, insert, select

from app.contract.events import Changed
from app.records import Refusal
from app.store import events
from app.store.sql import Now
from app.store.tables import AnyRow, refusals, shards, workers


def refuse(conn: Connection, shard: AnyRow, reason: str) -> None:
    """Offer a locked shard no more to the worker that holds it; the caller lets it go."""
    conn.execute(insert(refusals).values(shard_id=shard.id, worker=shard.worker, reason=reason, at=Now()))
    detail = f"worker {shard.worker} returned replicate {shard.replicate}: {reason}"
    events.log(conn, shard.run_id, [Changed(state="queued", detail=detail)], shard)


def by(worker: str | BindParameter[str]) -> ColumnElement[bool]:
    """Return whether `worker` has refused the shard of the enclosing query."""
    return exists().where(refusals.c.shard_id == shards.c.id, refusals.c.worker == worker)


def of_run(conn: Connection, run_id: str) -> list[Refusal]:
    """Return what was refused of the shards that still wait, by replicate, the oldest first."""
    query = (
        select(shards.c.replicate, refusals.c.worker, refusals.c.reason)
        .join(refusals)
        .where(shards.c.run_id == run_id, shards.c.state == "queued")
        .order_by(shards.c.replicate, refusals.c.at)
    )
    return [Refusal(replicate=row.replicate, worker=row.worker, reason=row.reason) for row in conn.execute(query)]


def forget(conn: Connection) -> None:
    """Drop what workers refused that are gone: whatever comes in their place may be another version."""
    conn.execute(delete(refusals).where(refusals.c.worker.not_in(select(workers.c.id))))
