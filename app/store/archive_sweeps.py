"""Sweeps as rows of an archive: read from the tables, and written into those of another installation."""

from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, insert, select, update

from app.store.archive import EXPORTED
from app.store.archived_sweeps import MemberReports, MemberRow, SweepRow, SweepRows
from app.store.sweep_rows import row_of
from app.store.tables import runs, sweep_members, sweeps


def rows_of(conn: Connection, sweep_id: str) -> Iterator[SweepRows]:
    """Yield the rows of a sweep. Raises NotFound."""
    sweep = row_of(conn, select(sweeps).where(sweeps.c.id == sweep_id), sweep_id)
    is_open = sweep.state == "open"
    yield SweepRow(
        id=sweep.id, name=sweep.name, kind=sweep.kind, spec=sweep.spec, axes=sweep.axes, sampler=sweep.sampler,
        objective=sweep.objective, budget=sweep.budget, stop=sweep.stop, pruner=sweep.pruner,
        state="cancelled" if is_open else sweep.state, note=f"It was {EXPORTED}." if is_open else sweep.note,
        tags=sweep.tags, notes=sweep.notes, created_at=sweep.created_at,
    )  # fmt: skip
    kept = runs.c.id.label("kept")
    query = (
        select(sweep_members, kept)
        .outerjoin(runs, (runs.c.id == sweep_members.c.run_id) & runs.c.deleted_at.is_(None))
        .where(sweep_members.c.sweep_id == sweep_id)
        .order_by(sweep_members.c.position)
    )
    for row in conn.execute(query):
        reports = None if row.reports is None else MemberReports.model_validate(row.reports)
        yield MemberRow(
            position=row.position, run=row.kept, values=row.values, objective=row.objective, hours=row.hours,
            seq=row.seq, error=row.error, reports=reports, stopped=row.stopped,
        )  # fmt: skip


def put(conn: Connection, rows: Iterable[SweepRows]) -> None:
    """Store the checked rows of one sweep, whose runs are there; those of no other sweep become its own."""
    rows = iter(rows)
    sweep = next(rows)
    assert isinstance(sweep, SweepRow)  # noqa: S101 (checked before)
    conn.execute(insert(sweeps).values(sweep.model_dump(exclude={"table"})))
    members = [
        {**row.model_dump(exclude={"table", "run"}), "run_id": row.run, "sweep_id": sweep.id}
        for row in rows
        if isinstance(row, MemberRow)
    ]
    if members:
        conn.execute(insert(sweep_members), members)
    mine = [member["run_id"] for member in members if member["run_id"]]
    conn.execute(update(runs).where(runs.c.id.in_(mine), runs.c.sweep_id.is_(None)).values(sweep_id=sweep.id))
