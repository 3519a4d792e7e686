"""What every page shows at its edge, in one statement."""

from typing import Any

from sqlalchemy import CompoundSelect, Connection, func, literal, select, union_all

from app.store import notices, shards
from app.store.notice_tables import notices as table

COUNTED = 100
"""Unread notifications that a page counts; more are 99+."""


def edge(conn: Connection) -> tuple[dict[str, int], int]:
    """Return what waits in each queue, and how many notifications who acts has not read, up to `COUNTED`."""
    some = select(table.c.id).where(notices.mine(), table.c.read_at.is_(None)).limit(COUNTED).subquery()
    unread = select(literal("unread"), func.count()).select_from(some)
    query: CompoundSelect[Any] = union_all(shards.waiting(), unread)
    counts: dict[str, int] = dict(map(tuple, conn.execute(query).all()))
    n = counts.pop("unread")
    return {"any": 0, "cpu": 0, "gpu": 0} | counts, n
