"""Views of the board under a name, until they are deleted; a deleted one can be restored."""

from urllib.parse import parse_qsl, urlencode

from sqlalchemy import Connection, func, insert, select, update

from app.contract.experiment import FieldError
from app.records import View
from app.search.parse import parse
from app.store import labels
from app.store.errors import Conflict, NotFound
from app.store.lookup import moment
from app.store.sql import Now
from app.store.tables import AnyRow, views

MOST = 200
"""Views of a store."""
LENGTH = 4_000
"""Characters of the query string of a view."""
PARTS = ("q", "state", "tag", "sort", "columns", "rows", "group")
"""What of an address a view keeps: not where its reader was."""


def known(conn: Connection) -> list[View]:
    """Return all views by name."""
    rows = conn.execute(
        select(views).where(views.c.deleted_at.is_(None)).order_by(func.lower(views.c.name), views.c.id)
    )
    return [_record(row) for row in rows]


def save(conn: Connection, view_id: str, name: str, query: str) -> View:
    """Keep a view, in place of one of the same name.

    Raises FieldError for a bad name or a query that cannot be read, Conflict when there are too many.
    """
    name, query = labels.check_view(name), checked(query)
    same = select(views.c.id).where(views.c.name == name, views.c.deleted_at.is_(None))
    before: str | None = conn.execute(same).scalar()
    if before is not None:
        conn.execute(update(views).where(views.c.id == before).values(query=query))
        return _one(conn, before)
    if len(known(conn)) >= MOST:
        raise Conflict(f"there are {MOST} views: delete one first")
    conn.execute(insert(views).values(id=view_id, name=name, query=query, created_at=Now()))
    return _one(conn, view_id)


def discard(conn: Connection, view_id: str) -> View:
    """Take a view off the list. Raises NotFound."""
    view = _one(conn, view_id)
    conn.execute(update(views).where(views.c.id == view_id).values(deleted_at=Now()))
    return view


def restore(conn: Connection, view_id: str) -> View:
    """Put a deleted view back. Raises NotFound, Conflict when its name is taken by now."""
    view = _one(conn, view_id)
    if any(other.name == view.name and other.id != view_id for other in known(conn)):
        raise Conflict(f"there is another view “{view.name}” by now: rename or delete that one first")
    conn.execute(update(views).where(views.c.id == view_id).values(deleted_at=None))
    return view


def checked(query: str) -> str:
    """Return the part of a query string that a view keeps. Raises FieldError for a search that cannot be read."""
    if len(query) > LENGTH:
        raise FieldError("query", f"has {len(query):,} characters; at most {LENGTH:,} are allowed")
    pairs = parse_qsl(query.removeprefix("?"), max_num_fields=200)
    parts = {name: ",".join(value for key, value in pairs if key == name) for name in PARTS}
    if "\0" in query or "\0" in "".join(parts.values()):
        raise FieldError("query", "contains a control character")
    try:
        parse(parts["q"])
    except FieldError as error:
        raise FieldError("query", f"holds a search that cannot be read: {error.message}") from None
    return urlencode({name: value for name, value in parts.items() if value})


def _one(conn: Connection, view_id: str) -> View:
    row = conn.execute(select(views).where(views.c.id == view_id)).first()
    if row is None:
        raise NotFound(f"there is no view {view_id}")
    return _record(row)


def _record(row: AnyRow) -> View:
    return View(id=row.id, name=row.name, query=row.query, created_at=moment(row.created_at))
