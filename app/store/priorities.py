"""Priorities of runs and sweeps: words for people, numbers for the order."""

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, select, update

from app.contract.experiment import FieldError
from app.records.base import PRIORITIES, Priority
from app.store import acting
from app.store import runs as run_rows
from app.store.errors import Conflict
from app.store.tables import runs, shards, sweeps

NUMBERS: dict[Priority, int] = {priority: number for number, priority in enumerate(PRIORITIES)}


def check(priority: str) -> Priority:
    """Return a priority. Raises FieldError for another word."""
    if priority not in PRIORITIES:
        raise FieldError("priority", f"must be one of {', '.join(PRIORITIES)}")
    return priority


def put(conn: Connection, run_id: str, priority: Priority) -> None:
    """Change the priority of a run that waits or works. Raises NotFound, NotTheirs, Conflict."""
    conn.execute(
        select(shards.c.id).where(shards.c.run_id == run_id).order_by(shards.c.id).with_for_update(key_share=True)
    )
    run = run_rows.locked(conn, run_id)
    acting.check(run.owner_id)
    if run.deleted_at is not None:
        raise Conflict("the run is in the bin: restore it first")
    if run.state not in ("queued", "running"):
        raise Conflict(f"the run is {run.state}: a priority orders only what waits")
    put_several(conn, [run_id], priority)


def put_several(conn: Connection, run_ids: Collection[str], priority: Priority) -> None:
    """Change the priority of runs that the caller may change."""
    conn.execute(update(runs).where(runs.c.id.in_(run_ids)).values(priority=NUMBERS[priority]))


def put_sweep(conn: Connection, sweep_id: str, priority: Priority) -> None:
    """Change the priority of a sweep that the caller may change; its runs keep theirs."""
    conn.execute(update(sweeps).where(sweeps.c.id == sweep_id).values(priority=NUMBERS[priority]))


def waiting_members(conn: Connection, sweep_id: str) -> Sequence[str]:
    """Return the runs of a sweep that wait or work, by id: the order in which they are locked."""
    which = runs.c.sweep_id == sweep_id, runs.c.state.in_(("queued", "running")), runs.c.deleted_at.is_(None)
    return conn.scalars(select(runs.c.id).where(*which).order_by(runs.c.id)).all()
