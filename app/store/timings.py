"""Compare the time that shards took with the one estimated for them; shards with a divergence do not count."""

from typing import NamedTuple

from sqlalchemy import Connection, select

from app.store.tables import runs, shards

NEWEST = 500


class Timing(NamedTuple):
    """Seconds that a finished shard had a slot, and those estimated for it; `device` is the one of its run."""

    kind: str
    model: str
    dataset: str
    device: str
    estimated_s: float
    took_s: float


def newest(conn: Connection) -> list[Timing]:
    """Return the timings of the newest `NEWEST` finished shards with an estimate, the newest first."""
    query = (
        select(runs.c.kind, runs.c.model, runs.c.dataset, shards.c.queue, shards.c.estimated_s, shards.c.slot_s)
        .select_from(shards)
        .join(runs)
        .where(shards.c.state == "finished", shards.c.estimated_s > 0, shards.c.slot_s > 0)
        .order_by(shards.c.id.desc())
        .limit(NEWEST)
    )
    return [Timing(*row) for row in conn.execute(query)]
