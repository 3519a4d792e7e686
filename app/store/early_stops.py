"""What members of sweeps report on the way, and those that a sweep stops early."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, select, update

from app.contract.events import Changed
from app.store import events, lifecycle
from app.store.sweeps import locked
from app.store.tables import runs, shards, sweep_members

STOPPED = "stopped early by the sweep"


class Reported(NamedTuple):
    """All values that a member has reported by an event of its run, and those of them that were known `before`.

    `rungs` are those that were compared; `reason` is why the run is stopped, empty where it goes on.
    """

    position: int
    run_id: str
    before: int
    seq: int
    values: tuple[float, ...]
    rungs: Mapping[str, float]
    reason: str


def report(conn: Connection, sweep_id: str, reports: Sequence[Reported]) -> list[str]:
    """Keep what members report, and stop the live runs that have a reason; returns these. Raises NotFound.

    Does nothing where one of them has reported more by now: another process was faster, and the next look decides.
    """
    locked(conn, sweep_id)
    at = sweep_members.c.sweep_id == sweep_id
    positions = sweep_members.c.position.in_([one.position for one in reports])
    query = select(sweep_members.c.position, sweep_members.c.reports, sweep_members.c.stopped).where(at, positions)
    known = {row.position: row for row in conn.execute(query)}
    if any(len((known[one.position].reports or {}).get("values", ())) != one.before for one in reports):
        return []
    for member in reports:
        kept = {"seq": member.seq, "values": member.values, "rungs": dict(member.rungs)}
        conn.execute(update(sweep_members).where(at, sweep_members.c.position == member.position).values(reports=kept))
    reasons = {one.run_id: one.reason for one in reports if one.reason and known[one.position].stopped is None}
    stopped = _stop(conn, reasons)
    for run_id in stopped:
        one = update(sweep_members).where(at, sweep_members.c.run_id == run_id)
        conn.execute(one.values(stopped=f"{STOPPED}: {reasons[run_id]}"))
    return stopped


def _stop(conn: Connection, reasons: Mapping[str, str]) -> list[str]:
    """Stop those runs that are live; returns them."""
    mine = select(shards.c.id).where(shards.c.run_id.in_(reasons)).order_by(shards.c.id)
    conn.execute(mine.with_for_update(key_share=True))
    live = runs.c.id.in_(reasons), runs.c.state.in_(("queued", "running"))
    query = select(runs.c.id).where(*live).order_by(runs.c.id).with_for_update(key_share=True)
    stopped = list(conn.scalars(query))
    if stopped:
        lifecycle.cancel_several(conn, stopped)
        states = {
            row.id: row.state for row in conn.execute(select(runs.c.id, runs.c.state).where(runs.c.id.in_(stopped)))
        }
        changed = {run_id: Changed(state=states[run_id], detail=f"{STOPPED}: {reasons[run_id]}") for run_id in stopped}
        events.log_each(conn, changed)
    return stopped
