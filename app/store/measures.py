"""Which runs have measures that are older than their log, and what a run has cost."""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, Select, func, or_, select, text, update

from app.search.facts import Fact
from app.store import facts
from app.store.sql import Now
from app.store.tables import UNMEASURED, artifacts, chunks, runs, shards

PROMPT_S = 5.0
"""A run that ended less than this ago waits for nothing."""


class Costs(NamedTuple):
    """Seconds that workers held the replicates of a run, and bytes of its measurements and artifacts."""

    core_seconds: float
    disk_bytes: int


def pending(conn: Connection, limit: int) -> list[str]:
    """Return the newest `limit` runs whose log has grown since they were measured."""
    # By id, which grows with time: so that the index of just these runs is read.
    return list(conn.scalars(select(runs.c.id).where(text(UNMEASURED)).order_by(runs.c.id.desc()).limit(limit)))


def ended() -> Select[tuple[str]]:
    """Return the query of runs that ended some time ago and are not measured up to their end."""
    return select(runs.c.id).where(text(UNMEASURED), runs.c.finished_at < Now() - PROMPT_S)


def put(conn: Connection, run_id: str, seq: int, measured: Iterable[Fact]) -> None:
    """Keep the measures of a run as of event `seq`, unless newer ones are kept already or the run is gone."""
    older = or_(runs.c.measured_seq.is_(None), runs.c.measured_seq < seq)
    mine = update(runs).where(runs.c.id == run_id, older).values(measured_seq=seq)
    if conn.execute(mine).rowcount:
        facts.put_measures(conn, run_id, seq, measured)


def costs(conn: Connection, run_id: str) -> Costs:
    """Return what a run has cost up to now; the time of replicates that workers hold counts."""
    now = func.coalesce(Now() - shards.c.claimed_at, 0.0)
    slot_time = select(func.sum(func.coalesce(shards.c.slot_s, 0.0) + now)).where(shards.c.run_id == run_id)
    measured = select(func.sum(func.length(chunks.c.data))).where(chunks.c.run_id == run_id)
    distinct = (
        select(artifacts.c.sha256, artifacts.c.size_bytes).where(artifacts.c.run_id == run_id).distinct().subquery()
    )
    saved = select(func.sum(distinct.c.size_bytes))
    seconds, *sizes = (conn.execute(query).scalar() or 0 for query in (slot_time, measured, saved))
    return Costs(float(seconds), int(sum(sizes)))
