"""What every page shows at its edge, in one statement."""

from typing import Any, NamedTuple

from sqlalchemy import CompoundSelect, Connection, func, literal, select, union_all

from app.store import measures, notices, shards
from app.store.notice_tables import notices as table

COUNTED = 100
"""Unread notifications that a page counts; more are 99+."""


class Edge(NamedTuple):
    """Shards that wait, by queue; unread notifications of who acts, up to `COUNTED`; ended runs without measures."""

    waiting: dict[str, int]
    unread: int
    unmeasured: int


def edge(conn: Connection) -> Edge:
    """Return the counts that every page shows."""
    some = select(table.c.id).where(notices.mine(), table.c.read_at.is_(None)).limit(COUNTED).subquery()
    unread = select(literal("unread"), func.count()).select_from(some)
    unmeasured = select(literal("unmeasured"), func.count()).select_from(measures.ended().subquery())
    query: CompoundSelect[Any] = union_all(shards.waiting(), unread, unmeasured)
    counts: dict[str, int] = dict(map(tuple, conn.execute(query).all()))
    n_unread, n_unmeasured = counts.pop("unread"), counts.pop("unmeasured")
    return Edge({"any": 0, "cpu": 0, "gpu": 0} | counts, n_unread, n_unmeasured)
