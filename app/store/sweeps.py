"""Sweeps and their members: created, read, continued and closed."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, func, insert, or_, select, update

from app.contract.events import Changed
from app.contract.experiment import Experiment
from app.store import acting, bulk, events, facts, ids, labels, runs
from app.store.errors import Conflict
from app.store.runs import LIVE
from app.store.sql import Now
from app.store.sweep_rows import row_of
from app.store.tables import AnyRow, shards, sweep_members, sweeps
from app.store.tables import runs as runs_table
from app.sweeps.plan import Plan, Pruner, Values


class Start(NamedTuple):
    """A member to store: its values, and the spec of its run, or else why it has none."""

    values: Values
    spec: Experiment | None
    name: str = ""
    estimated_s: float | None = None
    error: str = ""


class Next(NamedTuple):
    """What follows for a sweep: members to start, and why no more follow, None where they may."""

    starts: Sequence[Start]
    close: str | None


class Result(NamedTuple):
    """What the run of a member came to: its objective, hours of workers, and the event at which it was measured."""

    position: int
    objective: float | None
    hours: float
    seq: int


def create(conn: Connection, sweep_id: str, plan: Plan, *, name: str, tags: Collection[str], notes: str) -> None:
    """Store an open sweep without members. Raises FieldError for bad labels."""
    conn.execute(
        insert(sweeps).values(
            id=sweep_id,
            name=labels.check_name(name),
            kind=plan.spec["kind"],
            objective=plan.objective,
            state="open",
            note="",
            tags=labels.check_tags(tags),
            notes=labels.check_notes(notes),
            created_at=Now(),
            **_columns(plan),
        )
    )


def replan(conn: Connection, sweep_id: str, plan: Plan) -> None:
    """Give a sweep more values or another budget, and open it again. Raises NotFound, Conflict."""
    changeable(conn, sweep_id)
    conn.execute(update(sweeps).where(sweeps.c.id == sweep_id).values(**_columns(plan), state="open", note=""))


def add(conn: Connection, sweep_id: str, first: int, starts: Sequence[Start]) -> list[str]:
    """Store members from a position on, and queue their runs; returns the runs. Raises FieldError for bad labels."""
    sweep = locked(conn, sweep_id)
    new: dict[str, Start] = {}
    members = []
    for position, start in enumerate(starts, first):
        run_id = None if start.spec is None else ids.run_id()
        if run_id is not None:
            new[run_id] = start
        members.append(
            {"sweep_id": sweep_id, "position": position, "run_id": run_id, "values": start.values,
             "error": start.error or None}
        )  # fmt: skip
    _create(conn, sweep, new)
    if members:
        conn.execute(insert(sweep_members), members)
    return list(new)


def _create(conn: Connection, sweep: AnyRow, new: dict[str, Start]) -> None:
    """Store runs by their ids, as `runs.create` does each, in a few statements for all of them.

    They have the owner and the priority of the sweep, no matter who continues it.
    """
    rows, of_shards = [], []
    for run_id, start in new.items():
        if start.spec is not None:
            row = runs.new_row(
                run_id, start.spec, "queued", name=start.name, tags=sweep.tags, notes="", sweep_id=sweep.id
            )  # fmt: skip
            own = {"owner_id": sweep.owner_id, "project_id": sweep.project_id, "priority": sweep.priority}
            rows.append({**row, **own})
            of_shards += runs.shard_rows(run_id, start.spec, range(start.spec.replicates), start.estimated_s)
    if not rows:
        return
    conn.execute(insert(runs_table).values(created_at=Now()), rows)
    facts.add(conn, {row["id"]: row["spec"] for row in rows})
    conn.execute(insert(shards), of_shards)
    events.log_each(conn, {run_id: Changed(state="queued") for run_id in new})


def close(conn: Connection, sweep_id: str, note: str) -> None:
    """Start no more members of an open sweep; `note` is the reason."""
    which = sweeps.c.id == sweep_id, sweeps.c.state == "open"
    conn.execute(update(sweeps).where(*which).values(state="closed", note=note))


def count(conn: Connection, sweep_id: str) -> int:
    """Return how many members there are."""
    query = select(func.count()).select_from(sweep_members).where(sweep_members.c.sweep_id == sweep_id)
    return conn.execute(query).scalar_one()


def measured(conn: Connection, sweep_id: str, result: Result) -> None:
    """Keep what the run of a member came to at an event."""
    which = sweep_members.c.sweep_id == sweep_id, sweep_members.c.position == result.position
    values = {"objective": result.objective, "hours": result.hours, "seq": result.seq}
    conn.execute(update(sweep_members).where(*which).values(values))


def cancel(conn: Connection, sweep_id: str) -> list[str]:
    """Start no more members and stop those that are live; returns these. Raises NotFound, Conflict."""
    changeable(conn, sweep_id)
    conn.execute(update(sweeps).where(sweeps.c.id == sweep_id).values(state="cancelled", note="Cancelled."))
    return _apply(conn, "cancel", _runs_of(conn, sweep_id, LIVE))


def resume(conn: Connection, sweep_id: str) -> list[str]:
    """Go on with cancelled and failed members, and start the others; returns those. Raises NotFound, Conflict."""
    row = changeable(conn, sweep_id)
    again = _apply(conn, "resume", _resumable(conn, sweep_id))
    if row.state == "cancelled":
        conn.execute(update(sweeps).where(sweeps.c.id == sweep_id).values(state="open", note=""))
    elif not again:
        raise Conflict("no member was cancelled or has failed: extend the sweep to run more")
    return again


def _apply(conn: Connection, action: bulk.Action, run_ids: Sequence[str]) -> list[str]:
    """Do something to those of the runs that it can be done to; return these."""
    changed: list[str] = []
    for some in bulk.chunks(run_ids):
        changed += bulk.apply(conn, action, some, {}, {}).changed
    return changed


def locked(conn: Connection, sweep_id: str) -> AnyRow:
    """Return the sweep's row, locked until the transaction ends. Raises NotFound, NotTheirs."""
    row = row_of(conn, select(sweeps).where(sweeps.c.id == sweep_id).with_for_update(), sweep_id)
    acting.check(row.owner_id)
    return row


def changeable(conn: Connection, sweep_id: str) -> AnyRow:
    """Return the same. Raises NotFound, and Conflict for one in the bin."""
    row = locked(conn, sweep_id)
    if row.deleted_at is not None:
        raise Conflict("the sweep is in the bin: restore it first")
    return row


def unfinished(conn: Connection) -> list[str]:
    """Return sweeps that may start or stop members or have unmeasured ended ones, the oldest first."""
    ended = (
        select(sweep_members.c.sweep_id)
        .join(runs_table, runs_table.c.id == sweep_members.c.run_id)
        .where(runs_table.c.state.not_in(LIVE), func.coalesce(sweep_members.c.seq, -1) != runs_table.c.last_seq)
    )
    reporting = select(runs_table.c.sweep_id).where(runs_table.c.state.in_(("queued", "running")))
    is_open = and_(sweeps.c.state == "open", sweeps.c.deleted_at.is_(None))
    prunes = and_(sweeps.c.pruner.is_not(None), sweeps.c.deleted_at.is_(None), sweeps.c.id.in_(reporting))
    query = select(sweeps.c.id).where(or_(is_open, prunes, sweeps.c.id.in_(ended)))
    return list(conn.scalars(query.order_by(sweeps.c.created_at, sweeps.c.id)))


def _columns(plan: Plan) -> dict[str, Any]:
    return {
        "spec": plan.spec,
        "axes": {path: axis.model_dump(mode="json", exclude_none=True) for path, axis in plan.axes.items()},
        **{name: getattr(plan, name).model_dump(mode="json") for name in ("sampler", "budget", "stop")},
        "pruner": plan.pruner.model_dump(mode="json") if plan.pruner != Pruner() else None,
    }


def _runs_of(conn: Connection, sweep_id: str, states: Collection[str]) -> list[str]:
    """Return runs of a sweep in one of these states, by id: the order in which they are locked."""
    which = runs_table.c.sweep_id == sweep_id, runs_table.c.state.in_(states)
    return list(conn.scalars(select(runs_table.c.id).where(*which).order_by(runs_table.c.id)))


def _resumable(conn: Connection, sweep_id: str) -> list[str]:
    """Return cancelled and failed runs of a sweep, but for those that it has stopped early itself."""
    early = select(sweep_members.c.run_id).where(sweep_members.c.sweep_id == sweep_id, sweep_members.c.stopped != "")
    early = early.where(sweep_members.c.run_id.is_not(None))
    which = runs_table.c.sweep_id == sweep_id, runs_table.c.state.in_(("cancelled", "failed"))
    return list(
        conn.scalars(select(runs_table.c.id).where(*which, runs_table.c.id.not_in(early)).order_by(runs_table.c.id))
    )
