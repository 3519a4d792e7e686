"""What shards took against what was told of them when they were submitted; a divergence makes them no comparison."""

from typing import NamedTuple

from sqlalchemy import Connection, select

from app.store.tables import runs, shards

NEWEST = 500


class Timing(NamedTuple):
    """Seconds that workers held a finished shard, and that it was told to take; `device` is what its run asks for."""

    kind: str
    model: str
    dataset: str
    device: str
    told_s: float
    took_s: float


def newest(conn: Connection) -> list[Timing]:
    """The timings of the newest `NEWEST` finished shards that were told one, the newest first."""
    query = (
        select(runs.c.kind, runs.c.model, runs.c.dataset, shards.c.queue, shards.c.told_s, shards.c.held_s)
        .select_from(shards)
        .join(runs)
        .where(shards.c.state == "finished", shards.c.told_s > 0, shards.c.held_s > 0)
        .order_by(shards.c.id.desc())
        .limit(NEWEST)
    )
    return [Timing(*row) for row in conn.execute(query)]
