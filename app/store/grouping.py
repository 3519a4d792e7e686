"""Runs that share a value, as groups: how many, in which states, and mean and spread of numeric fields and measures."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Select, Subquery, Text, cast, func, literal, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from app.contract.experiment import FieldError
from app.records import GroupOfRuns, Groups
from app.search.fields import measure_of, types_of
from app.store import group_cut, matching
from app.store.facts import named
from app.store.group_cut import BETWEEN
from app.store.spreads import Counted, counted
from app.store.tables import facts, runs

MOST = 200
"""Groups of an answer."""
OF_RUN: dict[str, ColumnElement[Any]] = {
    "state": runs.c.state,
    "kind": runs.c.kind,
    "model": runs.c.model,
    "dataset": runs.c.dataset,
    "name": runs.c.name,
    "again": func.coalesce(runs.c.again_of, ""),
}
"""What every run has that it can be grouped by, besides its facts."""
_NONE = ""
_NAMED = 2_000
"""Keys of groups that a statement names."""


class Joined(FunctionElement[str]):
    """The texts of a group as one, in the order of their ids: `Joined(text, id)`."""

    type = Text()
    inherit_cache = True


@compiles(Joined, "sqlite")
def _joined_sqlite(element: Joined, compiler: SQLCompiler, **how: Any) -> str:
    # Rows come in the order of the subquery, see `_keyed`.
    text, _ = (compiler.process(clause, **how) for clause in element.clauses)
    return f"group_concat({text}, char(31))"


@compiles(Joined, "postgresql")
def _joined_postgresql(element: Joined, compiler: SQLCompiler, **how: Any) -> str:
    text, place = (compiler.process(clause, **how) for clause in element.clauses)
    return f"string_agg({text}, chr(31) ORDER BY {place})"


def groups(
    conn: Connection, *, q: str, state: str | None, tag: str | None, group: str, columns: Sequence[str], sort: str
) -> Groups:
    """Return the groups of the runs that a query finds, at most `MOST`, with `columns` that hold numbers.

    `sort` is "value", "n" or one of the columns, downwards after a -. Raises FieldError.
    """
    for name in columns:
        if "number" not in types_of(name):
            raise FieldError("columns", f"{name} is no field or measure that holds numbers")
    if (by := sort.removeprefix("-")) not in ("value", "n", *columns):
        raise FieldError("sort", f"must be one of {', '.join(('value', 'n', *columns))}, with a - for descending")
    which = conditions(q, state, tag)
    members, total = _members(group, which), None
    if group_cut.exceeds(conn, group, MOST):
        cut = group_cut.first(conn, group, members, by, MOST, descending=sort.startswith("-"))
        total = cut.total
        if len(cut.keys) < min(total, _NAMED):
            exact = not types_of(group) or conn.dialect.name == "postgresql"
            members = _members(group, which, cut.keys, exact=exact)
    counts = counted(conn, members, columns)
    shown = _sorted(counts, by, descending=sort.startswith("-"))[:MOST]
    items = tuple(
        GroupOfRuns(
            key=key,
            value=_value(key),
            n=sum(counts[key].states.values()),
            states=counts[key].states,
            columns={name: counts[key].columns[name] for name in columns if name in counts[key].columns},
        )
        for key in shown
    )
    return Groups(items=items, total=len(counts) if total is None else total)


def conditions(q: str, state: str | None, tag: str | None) -> list[ColumnElement[bool]]:
    """Return the conditions of a list on its runs. Raises FieldError."""
    more = [] if state is None else [runs.c.state == state.casefold()]
    return [*more, matching.condition(q), *([] if tag is None else [matching.tagged(tag)])]


def within(group: str, key: str) -> ColumnElement[bool]:
    """Return that a run belongs to the group of this key. Raises FieldError for an unknown field."""
    source, text = _keyed(group)
    return runs.c.id.in_(select(runs.c.id).select_from(source).where(text == key))


def _members(
    group: str, which: Sequence[ColumnElement[bool]], keys: Sequence[str] | None = None, *, exact: bool = True
) -> Subquery:
    """Return the runs outside the bin, with `id`, `state` and `key`, for which conditions hold; of these groups or all.

    `exact` where the numbers in keys are those that are stored.
    """
    # Fewer facts are read where their values are known.
    among = None if keys is None or not exact or group in OF_RUN or _NONE in keys else _having(group, keys)
    source, key = _keyed(group, among)
    query = select(runs.c.id, runs.c.state, key.label("key")).select_from(source)
    query = query.where(runs.c.deleted_at.is_(None), *which)
    if keys is not None:
        query = query.where(key.in_(keys))
    if among is not None:
        query = query.where(runs.c.id.in_(among))
    return query.subquery()


def _having(group: str, keys: Sequence[str]) -> Select[Any] | None:
    """Return the ids of runs that have the first value of any of these keys, and some others."""
    values = sorted({key.partition(BETWEEN)[0] for key in keys})
    kinds = types_of(group)
    if kinds == {"number"}:
        return select(facts.c.run_id).where(named(group), facts.c.number.in_([float(value) for value in values]))
    return None if "number" in kinds else select(facts.c.run_id).where(named(group), facts.c.text.in_(values))


def _keyed(group: str, among: Select[Any] | None = None) -> tuple[FromClause, ColumnElement[Any]]:
    """Return a table of runs and the text that those of a group share; "" where a run has no such field.

    With `among` only the facts of these runs are read.
    """
    if group in OF_RUN:
        return runs, OF_RUN[group]
    kinds = types_of(group)
    if not kinds:
        known = ", ".join(OF_RUN)
        raise FieldError("group", f"must be one of {known}, a field of a spec such as optimizer, or a measure")
    value = func.coalesce(facts.c.text, cast(facts.c.number, Text)).label("value")
    sub = select(facts.c.run_id, facts.c.id, value).where(named(group, by_run=True))
    if among is not None:
        sub = sub.where(facts.c.run_id.in_(among))
    if measure_of(group) is None:
        # In the order of runs and of a run's spec.
        sub = sub.order_by(facts.c.run_id, facts.c.id)
        values = sub.subquery()
        text = Joined(values.c.value, values.c.id).label("value")
        sub = select(values.c.run_id, text).group_by(values.c.run_id)
    of_run = sub.subquery()
    return runs.outerjoin(of_run, of_run.c.run_id == runs.c.id), func.coalesce(of_run.c.value, literal(_NONE))


def _value(key: str) -> str:
    """Return what the runs of a group share, as a reader writes it: numbers short, several values with commas."""
    return ", ".join(_plain(part) for part in key.split(BETWEEN))


def _plain(text: str) -> str:
    try:
        return f"{float(text):g}"
    except ValueError:
        return text


def _sorted(counts: Mapping[str, Counted], by: str, *, descending: bool) -> list[str]:
    """Return the keys of groups in order; those without a value come last, upwards and downwards."""
    keys = sorted(counts, key=_rank)
    ranks: dict[str, float]
    match by:
        case "value":
            first = [key for key in keys if key != _NONE]
            return (first[::-1] if descending else first) + [key for key in keys if key == _NONE]
        case "n":
            ranks = {key: sum(group.states.values()) for key, group in counts.items()}
        case _:
            ranks = {key: group.columns[by].mean for key, group in counts.items() if by in group.columns}
    first = [key for key in keys if key in ranks]
    first.sort(key=ranks.__getitem__, reverse=descending)
    return first + [key for key in keys if key not in ranks]


def _rank(key: str) -> tuple[float, str]:
    """Return where a key belongs: by its first number, words after all numbers."""
    try:
        number = float(key)
    except ValueError:
        try:
            number = float(key.partition(BETWEEN)[0])
        except ValueError:
            number = math.inf
    else:
        # Most keys are one number, which has no equal.
        if not math.isnan(number):
            return number, ""
    return (math.inf if math.isnan(number) else number), _value(key)
