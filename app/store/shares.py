"""What each person has had of the slots, in seconds, and when they last got one for a run of each priority."""

from functools import cache

from sqlalchemy import Connection, Double, Insert, cast, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.store.sql import Now
from app.store.tables import AnyRow, runs, shares

CREDIT_S = 3600.0
"""How far a person who comes back may be behind the one who has had least: more would shut others out for long."""


def owner_of(owner_id: str | None) -> str:
    """Return the key of a run's owner: all runs of nobody share one."""
    return owner_id or ""


def take(conn: Connection, owner: str, priority: int, *, comes_back: bool) -> None:
    """Note that a person gets a slot; who comes back after none keeps no more credit than `CREDIT_S`."""
    conn.execute(_got(conn.dialect.name, priority), {"owner_id": owner, "served_s": 0.0})
    if not comes_back:
        return
    at_work = select(func.coalesce(runs.c.owner_id, "")).where(
        runs.c.state.in_(("queued", "running")), runs.c.deleted_at.is_(None)
    )
    others = select(func.min(shares.c.served_s)).where(shares.c.owner_id != owner, shares.c.owner_id.in_(at_work))
    least = conn.scalar(others)
    if least is not None:
        behind = shares.c.owner_id == owner, shares.c.served_s < least - CREDIT_S
        conn.execute(update(shares).where(*behind).values(served_s=least - CREDIT_S))


@cache
def _got(dialect: str, priority: int) -> Insert:
    """Insert or update the share of a person who gets a slot; built once, as that takes longer than to run it."""
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    got = {("low_at", "normal_at", "high_at")[priority]: Now()}
    return insert(shares).values(got).on_conflict_do_update(index_elements=shares.primary_key, set_=got)


def charge(conn: Connection, shard: AnyRow) -> None:
    """Add the time that a released shard had its slot to what its owner has had."""
    owner = select(func.coalesce(runs.c.owner_id, "")).where(runs.c.id == shard.run_id).scalar_subquery()
    took = func.coalesce(Now() - cast(shard.claimed_at, Double), 0.0)
    conn.execute(update(shares).where(shares.c.owner_id == owner).values(served_s=shares.c.served_s + took))
