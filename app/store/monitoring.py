"""What someone on call watches of a store: what waits and for how long, how much is written, how long shards take."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from sqlalchemy import Connection, case, func, select

from app.store.sql import Now
from app.store.tables import runs, shards

BOUNDS_S: Final = (1.0, 10.0, 60.0, 300.0, 1800.0, 7200.0, 36000.0)
"""Upper bounds of buckets of durations, each with all that took less; the last bucket has no bound."""


class Monitored(NamedTuple):
    """`oldest_s` is for how long the first has waited, by queue; `events` were logged by all runs that are there.

    `durations` count finished shards that held a slot for at most each of `BOUNDS_S`, and then all of them. Together
    they held it for `slot_s`.
    """

    oldest_s: Mapping[str, float]
    events: int
    durations: tuple[int, ...]
    slot_s: float


def read(conn: Connection) -> Monitored:
    """Return all of it; reads each run and shard once."""
    since = func.min(func.coalesce(runs.c.due_at, runs.c.created_at))
    waiting = select(shards.c.queue, Now() - since).join(runs, runs.c.id == shards.c.run_id)
    oldest = conn.execute(waiting.where(shards.c.state == "queued").group_by(shards.c.queue)).all()
    took = shards.c.slot_s
    counts = (func.count(case((took <= bound, 1))) for bound in BOUNDS_S)
    finished = select(*counts, func.count(took), func.sum(took)).where(shards.c.state == "finished")
    *durations, slot_s = conn.execute(finished).one()
    events = conn.scalar(select(func.sum(runs.c.last_seq))) or 0
    ages = {"any": 0.0, "cpu": 0.0, "gpu": 0.0} | {queue: max(0.0, age) for queue, age in oldest}
    return Monitored(ages, int(events), tuple(durations), slot_s or 0.0)
