"""Sweeps and their members as they are read."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Select, and_, case, func, or_, select

from app.contract.experiment import FieldError
from app.records import PRIORITIES, Member, Sweep, SweepPage, SweepState
from app.store.errors import NotFound
from app.store.lookup import moment
from app.store.owners import OF_SWEEP, PROJECT_OF_SWEEP
from app.store.runs import LIVE
from app.store.sql import Now
from app.store.tables import AnyRow, shards, sweep_members, sweeps
from app.store.tables import runs as runs_table
from app.sweeps.plan import Pruner

HOUR_S = 3600.0


def get(conn: Connection, sweep_id: str) -> Sweep:
    """Return a sweep. Raises NotFound."""
    row = row_of(conn, select(sweeps, OF_SWEEP, PROJECT_OF_SWEEP).where(sweeps.c.id == sweep_id), sweep_id)
    return _record(row, _counts(conn, [sweep_id])[sweep_id])


def page(conn: Connection, limit: int, cursor: str | None, *, binned: bool = False) -> SweepPage:
    """Return sweeps, the newest first, or those in the bin; a cursor is the id of the last one seen."""
    place = sweeps.c.deleted_at.is_not(None) if binned else sweeps.c.deleted_at.is_(None)
    query = (
        select(sweeps, OF_SWEEP, PROJECT_OF_SWEEP)
        .where(place)
        .order_by(sweeps.c.created_at.desc(), sweeps.c.id.desc())
        .limit(limit + 1)
    )
    if cursor:
        last = conn.scalar(select(sweeps.c.created_at).where(sweeps.c.id == cursor))
        if last is None:
            raise FieldError("cursor", "names no sweep that is there: begin at the first page")
        query = query.where(or_(sweeps.c.created_at < last, and_(sweeps.c.created_at == last, sweeps.c.id < cursor)))
    rows = conn.execute(query).all()
    counts = _counts(conn, [row.id for row in rows])
    items = tuple(_record(row, counts[row.id]) for row in rows[:limit])
    return SweepPage(items=items, next=items[-1].id if len(rows) > limit else None)


def members(conn: Connection, sweep_id: str) -> list[Member]:
    """Return members by position, with the progress of their runs."""
    slot_time = func.coalesce(shards.c.slot_s, 0.0) + case(
        (shards.c.claimed_at.is_not(None) & (shards.c.state == "running"), Now() - shards.c.claimed_at), else_=0.0
    )
    work = (
        select(
            shards.c.run_id,
            func.sum(shards.c.done).label("done"),
            func.sum(shards.c.total).label("total"),
            func.sum(slot_time).label("slot_s"),
            func.sum((shards.c.total - shards.c.done) / func.nullif(shards.c.speed, 0)).label("left_s"),
        )
        .where(shards.c.run_id.in_(select(sweep_members.c.run_id).where(sweep_members.c.sweep_id == sweep_id)))
        .group_by(shards.c.run_id)
        .subquery()
    )
    run = runs_table.c
    query = (
        select(sweep_members, run.state, run.name, run.deleted_at, run.last_seq, *list(work.c)[1:])
        .outerjoin(runs_table, run.id == sweep_members.c.run_id)
        .outerjoin(work, work.c.run_id == sweep_members.c.run_id)
        .where(sweep_members.c.sweep_id == sweep_id)
        .order_by(sweep_members.c.position)
    )
    return [_member(row) for row in conn.execute(query)]


def row_of(conn: Connection, query: Select[Any], sweep_id: str) -> AnyRow:
    """Return the one row that a query finds. Raises NotFound."""
    row = conn.execute(query).first()
    if row is None:
        raise NotFound(f"there is no sweep {sweep_id}")
    return row


def _counts(conn: Connection, sweep_ids: Collection[str]) -> dict[str, dict[str, int]]:
    early = and_(sweep_members.c.stopped != "", runs_table.c.state == "cancelled")
    state = case((early, "stopped"), else_=func.coalesce(runs_table.c.state, "gone")).label("state")
    query = (
        select(sweep_members.c.sweep_id, state, func.count().label("n"))
        .outerjoin(runs_table, runs_table.c.id == sweep_members.c.run_id)
        .where(sweep_members.c.sweep_id.in_(sweep_ids))
        .group_by(sweep_members.c.sweep_id, state)
    )
    counts: dict[str, dict[str, int]] = {sweep_id: {} for sweep_id in sweep_ids}
    for row in conn.execute(query):
        counts[row.sweep_id][row.state] = row.n
    return counts


def _record(row: AnyRow, counts: dict[str, int]) -> Sweep:
    is_open = row.state == "open" and row.deleted_at is None
    live = any(counts.get(state) for state in LIVE)
    state: SweepState = "finished"
    if row.state == "cancelled":
        state = "cancelling" if live else "cancelled"
    elif live or is_open:
        state = "running"
    return Sweep(
        id=row.id, name=row.name, kind=row.kind, spec=row.spec, axes=row.axes, sampler=row.sampler,
        objective=row.objective, budget=row.budget, stop=row.stop, pruner=row.pruner or Pruner(), state=state,
        is_open=is_open, note=row.note, tags=tuple(row.tags), notes=row.notes, created_at=moment(row.created_at),
        deleted_at=moment(row.deleted_at), counts=counts, owner=row.owner, priority=PRIORITIES[row.priority],
        project=row.project,
    )  # fmt: skip


def _member(row: AnyRow) -> Member:
    hours = row.slot_s / HOUR_S if row.slot_s is not None else row.hours or 0.0
    return Member(
        position=row.position, values=row.values, run=row.run_id, name=row.name or "", state=row.state,
        binned=row.deleted_at is not None, done=int(row.done or 0), total=int(row.total or 0), eta_s=row.left_s,
        objective=row.objective, hours=hours, error=row.error, last_seq=row.last_seq or 0, measured_seq=row.seq,
        reported=tuple((row.reports or {}).get("values", ())), rungs=(row.reports or {}).get("rungs", {}),
        reported_seq=(row.reports or {}).get("seq"), stopped=row.stopped,
    )  # fmt: skip
