"""The audit log: who has done what, when and from where; a row in the transaction that does it."""

from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias

from sqlalchemy import Connection, func, insert, select

from app.records.people import AuditEntry
from app.store.acting import Actor, actor
from app.store.lookup import moment
from app.store.people import folded
from app.store.people_tables import audit
from app.store.sql import Now

What: TypeAlias = Literal[
    "run", "sweep", "view", "person", "token", "invitation", "session", "link", "project", "worker", "report"
]
DETAIL = 200
"""Characters of a detail."""


def note(
    conn: Connection, action: str, what: What, keys: Iterable[str], detail: str = "", by: Actor | None = None
) -> None:
    """Note what who acts, or `by`, has done to things by their ids; nothing where no person acts."""
    who = by or actor()
    rows = [{"what": what, "key": key} for key in keys]
    if who is None or not rows:
        return
    values = {
        "user_id": who.user_id, "name": who.name, "folded": folded(who.name), "address": who.address[:64],
        "by_token": who.by_token, "action": action, "detail": detail[:DETAIL],
    }  # fmt: skip
    conn.execute(insert(audit).values(at=Now()), [row | values for row in rows])


def entries(
    conn: Connection, *, person: str, action: str, key: str, before: int | None, limit: int
) -> Sequence[AuditEntry]:
    """Return what was done, the newest first: by a person, of one action, to one thing; each where it is not empty."""
    if not f"{person}{action}{key}".isprintable():
        return []
    query = select(audit).order_by(audit.c.id.desc()).limit(limit)
    filters = {audit.c.folded: folded(person.strip()), audit.c.action: action, audit.c.key: key.strip()}
    query = query.where(*(column == value for column, value in filters.items() if value))
    if before is not None:
        query = query.where(audit.c.id < before)
    return [
        AuditEntry(
            id=row.id, at=moment(row.at), name=row.name, address=row.address, by_token=row.by_token, action=row.action,
            what=row.what, key=row.key, detail=row.detail,
        )
        for row in conn.execute(query)
    ]  # fmt: skip


def actions(conn: Connection) -> Sequence[str]:
    """Return the actions that were noted, for a choice among them."""
    # From each to the next one by the index: there are few of them in a log that only grows.
    known = select(func.min(audit.c.action).label("action")).cte("known", recursive=True)
    following = select(func.min(audit.c.action)).where(audit.c.action > known.c.action).scalar_subquery()
    known = known.union_all(select(following).where(known.c.action.is_not(None)))
    return conn.scalars(select(known.c.action).where(known.c.action.is_not(None)).order_by(known.c.action)).all()
