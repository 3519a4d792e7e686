"""Where runs are: their state, newest event and progress, without the specs that take most of the time to read."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from sqlalchemy import Connection, and_, or_, select

from app.records import RunProgress, State
from app.store.progress import run_progress
from app.store.tables import AnyRow, events, runs, shards

_AT_ONCE = 200
"""Runs of a statement."""


class Status(NamedTuple):
    """Where a run is; `seq` is the number of its newest event, `measured` of the one up to which it is measured."""

    seq: int
    state: State
    progress: RunProgress
    measured: int = 0


def of(conn: Connection, run_ids: Collection[str]) -> dict[str, Status]:
    """Return where each of these runs is; unknown ones are left out."""
    statuses: dict[str, Status] = {}
    ids = list(run_ids)
    for first in range(0, len(ids), _AT_ONCE):
        some = ids[first : first + _AT_ONCE]
        of_each = select(runs.c.id, runs.c.last_seq, runs.c.state, runs.c.measured_seq)
        rows = conn.execute(of_each.where(runs.c.id.in_(some))).all()
        of_run: dict[str, list[AnyRow]] = {row.id: [] for row in rows}
        columns = (shards.c[name] for name in ("run_id", "state", "done", "total", "note", "speed", "slot_s"))
        for shard in conn.execute(select(*columns).where(shards.c.run_id.in_(of_run)).order_by(shards.c.replicate)):
            of_run[shard.run_id].append(shard)
        statuses |= {
            row.id: Status(row.last_seq, row.state, run_progress(of_run[row.id]), row.measured_seq or 0) for row in rows
        }
    return statuses


def touched(conn: Connection, after: Mapping[str, int]) -> dict[str, set[str]]:
    """Return the names of series and artifacts, or else kinds, of the events of each run after the given seq."""
    topics: dict[str, set[str]] = {run_id: set() for run_id in after}
    newer_of = [and_(events.c.run_id == run_id, events.c.seq > seq) for run_id, seq in after.items()]
    for first in range(0, len(newer_of), _AT_ONCE):
        newer = or_(*newer_of[first : first + _AT_ONCE])
        for row in conn.execute(select(events.c.run_id, events.c.topic).distinct().where(newer)):
            topics[row.run_id].add(row.topic)
    return topics
