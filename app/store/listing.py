"""Lists of runs: searched, filtered, sorted, a page at a time."""

import base64
import binascii
import re
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Select, and_, false, func, or_, select

from app.contract.experiment import FieldError
from app.records import Page
from app.store.runs import records
from app.store.tables import runs

PAGE = 200
# Characters of an id that a search takes for the beginning of one.
_ID_PREFIX = 4
SORTS: dict[str, ColumnElement[Any]] = {
    "created_at": runs.c.created_at,
    "finished_at": func.coalesce(runs.c.finished_at, 0.0),
    "name": func.lower(runs.c.name),
    "kind": runs.c.kind,
    "state": runs.c.state,
}
_TERM = re.compile(r'(?:(\w+):)?(?:"([^"]*)"|(\S+))')


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
) -> Page:
    """One page of runs; a cursor names the last run seen, so that new runs shift nothing. Raises FieldError."""
    if not 1 <= limit <= PAGE:
        raise FieldError("limit", f"must lie between 1 and {PAGE}")
    key = SORTS.get(sort.removeprefix("-"))
    if key is None:
        raise FieldError("sort", f"must be one of {', '.join(SORTS)}, with a - before it for descending")
    descending = sort.startswith("-")
    query: Select[Any] = select(runs, key.label("key"))
    query = query.where(runs.c.deleted_at.is_not(None) if binned else runs.c.deleted_at.is_(None))
    given = (("kind", kind), ("state", state), ("tag", tag))
    query = query.where(*(_FILTERS[name](value) for name, value in given if value is not None), *_terms(q))
    if cursor is not None:
        value, run_id = _read(cursor, sort)
        last = and_(key == value, runs.c.id < run_id if descending else runs.c.id > run_id)
        query = query.where(or_(key < value if descending else key > value, last))
    order = (key.desc(), runs.c.id.desc()) if descending else (key, runs.c.id)
    rows = conn.execute(query.order_by(*order).limit(limit + 1)).all()
    more = len(rows) > limit
    rows = rows[:limit]
    return Page(items=tuple(records(conn, rows)), next=_write(rows[-1].key, rows[-1].id, sort) if more else None)


def count(conn: Connection) -> dict[str, int]:
    """How many runs outside the bin are in each state; a state without runs is left out."""
    query = select(runs.c.state, func.count().label("n")).where(runs.c.deleted_at.is_(None)).group_by(runs.c.state)
    return {row.state: row.n for row in conn.execute(query)}


def _contains(text: str) -> ColumnElement[bool]:
    return runs.c.search.contains(text.casefold(), autoescape=True)


def _tag(tag: str) -> ColumnElement[bool]:
    if "," in tag:
        raise FieldError("tag", "a tag must not contain a comma: search for one tag at a time")
    return _contains(f"\n#{tag}\n")


def _word(text: str) -> ColumnElement[bool]:
    """Runs that a word is written in, or whose id begins with it."""
    if len(text) < _ID_PREFIX:
        return _contains(text)
    return or_(_contains(text), runs.c.id.startswith(text.casefold(), autoescape=True))


_FILTERS: dict[str, Any] = {
    "kind": lambda value: runs.c.kind == value.casefold(),
    "state": lambda value: runs.c.state == value.casefold(),
    "again": lambda value: runs.c.again_of == value.casefold(),
    "tag": _tag,
    "model": lambda value: runs.c.model.contains(value.casefold(), autoescape=True),
    "dataset": lambda value: runs.c.dataset.contains(value.casefold(), autoescape=True),
}


def _terms(q: str) -> list[ColumnElement[bool]]:
    """One condition for each word or `key:value` of a search; an unknown key is a word like any other."""
    if "\0" in q:
        return [false()]  # which PostgreSQL refuses and no run contains
    conditions = []
    for match in _TERM.finditer(q):
        key, quoted, bare = match.groups()
        if key is None or key in _FILTERS:
            value = bare if quoted is None else quoted
            conditions.append(_FILTERS[key](value) if key else _word(value))
        else:
            conditions.append(_contains(match.group().replace('"', "")))
    return conditions


def not_understood(q: str) -> list[str]:
    """The words of a search that look like more than words: exclusion, comparisons, unknown keys; found as written."""
    found = []
    for match in _TERM.finditer(q):
        key, quoted, bare = match.groups()
        odd = bare is not None and (re.search("[<>=≤≥]", bare) or (len(bare) > 1 and bare[0] in "-!"))
        if odd or (key is not None and key not in _FILTERS) or (quoted is None and bare in ("AND", "OR", "NOT")):
            found.append(match.group())
    return found


def _write(value: Any, run_id: str, sort: str) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([sort, value, run_id])).decode().rstrip("=")


def _read(cursor: str, sort: str) -> tuple[Any, str]:
    try:
        made_for, value, run_id = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, TypeError, binascii.Error):
        raise FieldError("cursor", "is not a cursor of this list; start from the first page") from None
    if "\0" in f"{value}{run_id}":  # which PostgreSQL refuses
        raise FieldError("cursor", "is not a cursor of this list; start from the first page")
    if made_for != sort or not isinstance(value, float if "_at" in sort else str) or not isinstance(run_id, str):
        raise FieldError("cursor", "belongs to another order of the list; start from the first page")
    return value, run_id
