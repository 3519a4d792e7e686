"""Lists of runs: searched, filtered, sorted, a page at a time."""

import base64
import binascii
from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import CTE, ColumnElement, Connection, func, select

from app.contract.experiment import FieldError
from app.records import Page
from app.store import grouping, matching, ordering
from app.store.ordering import Order, Place
from app.store.owners import OWNER, PROJECT
from app.store.runs import records
from app.store.tables import runs

PAGE = 200


def page(
    conn: Connection,
    *,
    q: str,
    kind: str | None,
    state: str | None,
    tag: str | None,
    sort: str,
    limit: int,
    cursor: str | None,
    binned: bool,
    within: tuple[str, str] | None = None,
) -> Page:
    """Return one page of runs; a cursor names the last run seen, so that new runs shift nothing. Raises FieldError.

    `within` are a field and the key of the group that the runs belong to.
    """
    if not 1 <= limit <= PAGE:
        raise FieldError("limit", f"must lie between 1 and {PAGE}")
    order = ordering.order_of(sort)
    which: list[ColumnElement[bool]] = [runs.c.deleted_at.is_not(None) if binned else runs.c.deleted_at.is_(None)]
    which += grouping.conditions(q, state, tag)
    if kind is not None:
        which.append(runs.c.kind == kind.casefold())
    if within is not None:
        which.append(grouping.within(*within))
    total: list[ColumnElement[Any]] = []
    if matching.reads_facts(q):
        matches = _matches(which)
        which = [runs.c.id.in_(select(matches.c.id))]
        total = [select(func.count()).select_from(matches).scalar_subquery().label("total")]
    after = None if cursor is None else _read(cursor, sort, order)
    # First which runs, of indexes; then the rows of these few.
    first = order.first(conn, which, limit + 1, after, total)
    listed = first[:limit]
    rows = {
        row.id: row
        for row in conn.execute(select(runs, OWNER, PROJECT).where(runs.c.id.in_([row.id for row in listed])))
    }
    # A run can be purged between the two statements.
    items = tuple(records(conn, [rows[row.id] for row in listed if row.id in rows]))
    following = _write(listed[-1].key, listed[-1].id, sort) if len(first) > limit else None
    return Page(items=items, next=following, total=first[0].total if total and first else None)


def newest(conn: Connection, *, q: str, state: str | None, tag: str | None, limit: int) -> list[str]:
    """Return the ids of the newest runs that a query finds. Raises FieldError."""
    which = [runs.c.deleted_at.is_(None), *grouping.conditions(q, state, tag)]
    if matching.reads_facts(q):
        which = [runs.c.id.in_(select(_matches(which).c.id))]
    query = select(runs.c.id).where(*which).order_by(runs.c.created_at.desc(), runs.c.id.desc())
    return list(conn.scalars(query.limit(limit)))


def count(conn: Connection) -> dict[str, int]:
    """Return how many runs outside the bin are in each state; a state without runs is left out."""
    query = select(runs.c.state, func.count().label("n")).where(runs.c.deleted_at.is_(None)).group_by(runs.c.state)
    return {row.state: row.n for row in conn.execute(query)}


def _matches(which: Sequence[ColumnElement[bool]]) -> CTE:
    """Return the ids of the runs for which these conditions hold, found once, before the first ones are looked for.

    PostgreSQL cannot know how many runs have a measure above a limit. Where it expects many and there are none, it
    would look up each run in order.
    """
    return select(runs.c.id).where(*which).cte("matches").prefix_with("MATERIALIZED", dialect="postgresql")


def _write(value: Any, run_id: str, sort: str) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([sort, value, run_id])).decode().rstrip("=")


def _read(cursor: str, sort: str, order: Order) -> Place:
    try:
        made_for, key, run_id = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, TypeError, binascii.Error):
        raise FieldError("cursor", "is not a cursor of this list; start from the first page") from None
    if "\0" in f"{key}{run_id}":  # which PostgreSQL refuses
        raise FieldError("cursor", "is not a cursor of this list; start from the first page")
    without = key is None and order.field
    if made_for != sort or not (without or isinstance(key, order.type)) or not isinstance(run_id, str):
        raise FieldError("cursor", "belongs to another order of the list; start from the first page")
    return Place(key, run_id)
