"""What people do to a whole sweep: rename it, move it to the bin with its runs or without them, restore, purge."""

from collections.abc import Iterable

from sqlalchemy import Connection, delete, select, update

from app.store import acting, bulk, labels, lifecycle
from app.store.errors import Conflict
from app.store.sql import Now
from app.store.sweeps import locked
from app.store.tables import runs, shards, sweeps


def relabel(
    conn: Connection, sweep_id: str, *, name: str | None, tags: Iterable[str] | None, notes: str | None
) -> None:
    """Change what is not None; its runs keep theirs. Raises NotFound, FieldError."""
    row = locked(conn, sweep_id)
    values = {
        "name": row.name if name is None else labels.check_name(name),
        "tags": row.tags if tags is None else labels.check_tags(tags),
        "notes": row.notes if notes is None else labels.check_notes(notes),
    }
    conn.execute(update(sweeps).where(sweeps.c.id == sweep_id).values(values))


def discard(conn: Connection, sweep_id: str, *, with_runs: bool) -> list[str]:
    """Move a sweep to the bin, where it starts no more runs; returns the runs that went with it. Raises NotFound.

    Without them, its runs stay and go on. With them, live ones are cancelled, and the sweep stays so when restored.
    """
    row = locked(conn, sweep_id)
    if row.deleted_at is not None:
        return []
    # One moment for all of them: a restored sweep brings back these runs, and no others.
    at = conn.execute(select(Now())).scalar_one()
    conn.execute(update(sweeps).where(sweeps.c.id == sweep_id).values(deleted_at=at))
    if not with_runs:
        return []
    is_open = sweeps.c.id == sweep_id, sweeps.c.state == "open"
    conn.execute(update(sweeps).where(*is_open).values(state="cancelled", note="Cancelled."))
    mine = runs.c.sweep_id == sweep_id, runs.c.deleted_at.is_(None), acting.theirs(runs.c.owner_id)
    moved = list(conn.scalars(select(runs.c.id).where(*mine).order_by(runs.c.id)))
    for some in bulk.chunks(moved):
        conn.execute(
            select(shards.c.id).where(shards.c.run_id.in_(some)).order_by(shards.c.id).with_for_update(key_share=True)
        )
        query = select(runs.c.id, runs.c.state).where(runs.c.id.in_(some), runs.c.deleted_at.is_(None))
        states = {item.id: item.state for item in conn.execute(query.order_by(runs.c.id).with_for_update())}
        lifecycle.discard_several(conn, states, at)
    return moved


def restore(conn: Connection, sweep_id: str) -> list[str]:
    """Take a sweep out of the bin with the runs that went with it, which are returned. Raises NotFound."""
    row = locked(conn, sweep_id)
    if row.deleted_at is None:
        return []
    mine = runs.c.sweep_id == sweep_id, runs.c.deleted_at == row.deleted_at, acting.theirs(runs.c.owner_id)
    moved = list(conn.scalars(select(runs.c.id).where(*mine).order_by(runs.c.id).with_for_update(key_share=True)))
    lifecycle.restore_several(conn, moved)
    conn.execute(update(sweeps).where(sweeps.c.id == sweep_id).values(deleted_at=None))
    return moved


def purge(conn: Connection, sweep_id: str) -> None:
    """Delete a binned sweep for good; its runs stay, in the bin or not. Raises NotFound, Conflict."""
    if locked(conn, sweep_id).deleted_at is None:
        raise Conflict("the sweep is not in the bin: move it there first")
    conn.execute(update(runs).where(runs.c.sweep_id == sweep_id).values(sweep_id=None))
    conn.execute(delete(sweeps).where(sweeps.c.id == sweep_id))


def binned(conn: Connection) -> list[str]:
    """Return ids of the sweeps in the bin."""
    return list(conn.scalars(select(sweeps.c.id).where(sweeps.c.deleted_at.is_not(None)).order_by(sweeps.c.id)))
