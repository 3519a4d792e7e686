"""Runs that share a value, as groups: how many, in which states, and mean and spread of numeric fields and measures."""

import math
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Select, Text, cast, func, literal, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from app.contract.experiment import FieldError
from app.records import GroupOfRuns, Groups, Spread
from app.search.fields import measure_of, types_of
from app.store import matching
from app.store.facts import named
from app.store.tables import AnyRow, facts, runs

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
_BETWEEN = "\x1f"
_NONE = ""
_ROUNDING = 1e-14
"""Spread relative to the mean below which values are equal."""


class Joined(FunctionElement[str]):
    """The texts of a group as one, in the order of their ids: `Joined(text, id)`."""

    type = Text()
    inherit_cache = True


@compiles(Joined, "sqlite")
def _joined_sqlite(element: Joined, compiler: SQLCompiler, **how: Any) -> str:
    # Rows come in the order of the subquery, see `_values`.
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
    source, key = _keyed(group)
    members = select(runs.c.id, runs.c.state, key.label("key")).select_from(source).where(runs.c.deleted_at.is_(None))
    members = members.where(*conditions(q, state, tag))
    made: dict[str, dict[str, int]] = {}
    each = members.subquery()
    count = select(each.c.key, each.c.state, func.count().label("n")).group_by(each.c.key, each.c.state)
    for row in conn.execute(count):
        made.setdefault(row.key, {})[row.state] = row.n
    spreads = {name: _spreads(conn, members, name) for name in columns}
    items = [
        GroupOfRuns(
            key=key,
            value=_value(key),
            n=sum(states.values()),
            states=states,
            columns={name: spreads[name][key] for name in columns if key in spreads[name]},
        )
        for key, states in made.items()
    ]
    return Groups(items=tuple(_sorted(items, by, descending=sort.startswith("-"))[:MOST]), total=len(items))


def conditions(q: str, state: str | None, tag: str | None) -> list[ColumnElement[bool]]:
    """Return what a list asks of its runs. Raises FieldError."""
    more = [] if state is None else [runs.c.state == state.casefold()]
    return [*more, matching.condition(q), *([] if tag is None else [matching.tagged(tag)])]


def within(group: str, key: str) -> ColumnElement[bool]:
    """Return that a run belongs to the group of this key. Raises FieldError for an unknown field."""
    source, found = _keyed(group)
    return runs.c.id.in_(select(runs.c.id).select_from(source).where(found == key))


def _keyed(group: str) -> tuple[FromClause, ColumnElement[Any]]:
    """Return a table of runs and the text that those of a group share; "" where a run has no such field."""
    if group in OF_RUN:
        return runs, OF_RUN[group]
    kinds = types_of(group)
    if not kinds:
        known = ", ".join(OF_RUN)
        raise FieldError("group", f"must be one of {known}, a field of a spec such as optimizer, or a measure")
    each = _values(group).subquery()
    joined = select(each.c.run_id, Joined(each.c.value, each.c.id).label("key")).group_by(each.c.run_id).subquery()
    return runs.outerjoin(joined, joined.c.run_id == runs.c.id), func.coalesce(joined.c.key, literal(_NONE))


def _values(group: str) -> Select[Any]:
    """Return the values of a field as texts, in the order of runs and of a run's spec."""
    value = func.coalesce(facts.c.text, cast(facts.c.number, Text)).label("value")
    return select(facts.c.run_id, facts.c.id, value).where(named(group)).order_by(facts.c.run_id, facts.c.id)


def _spreads(conn: Connection, found: Select[Any], name: str) -> dict[str, Spread]:
    """Return the mean of a column and its standard deviation over the runs of each group that have a single value."""
    single = select(facts.c.run_id, facts.c.number).where(named(name), facts.c.number.is_not(None))
    if measure_of(name) is None:
        # A field with several values in a run is no number; a measure is a single one.
        single = single.with_only_columns(facts.c.run_id, func.min(facts.c.number).label("number"))
        single = single.group_by(facts.c.run_id).having(func.count() == 1)
    runs_of, numbers = found.subquery(), single.subquery()
    each = select(runs_of.c.key, numbers.c.number).join(numbers, numbers.c.run_id == runs_of.c.id).cte("each_run")
    mean = (
        select(each.c.key, func.avg(each.c.number).label("mean"), func.count().label("n"))
        .group_by(each.c.key)
        .cte("of_group")
    )
    away = each.c.number - mean.c.mean
    squares = (
        select(mean.c.key, mean.c.mean, mean.c.n, func.sum(away * away).label("squares"))
        .join(each, each.c.key == mean.c.key)
        .group_by(mean.c.key, mean.c.mean, mean.c.n)
    )
    return {row.key: Spread(mean=row.mean, sd=_sd(row), n=row.n) for row in conn.execute(squares)}


def _sd(row: AnyRow) -> float | None:
    """Return the standard deviation of a group; that of equal values is 0, though their mean was rounded."""
    if row.n < 2:
        return None
    sd = math.sqrt(row.squares / (row.n - 1))
    return sd if sd > _ROUNDING * abs(row.mean) else 0.0


def _value(key: str) -> str:
    """Return what the runs of a group share, as a reader writes it: numbers short, several values with commas."""
    return ", ".join(_plain(part) for part in key.split(_BETWEEN))


def _plain(text: str) -> str:
    try:
        return f"{float(text):g}"
    except ValueError:
        return text


def _sorted(items: list[GroupOfRuns], by: str, *, descending: bool) -> list[GroupOfRuns]:
    """Return groups in order; those without a value come last, upwards and downwards."""
    first = [item for item in items if _key(item, by) is not None]
    rest = [item for item in items if _key(item, by) is None]
    first.sort(key=lambda item: item.value)
    first.sort(key=lambda item: _key(item, by), reverse=descending)  # type: ignore[arg-type, return-value]
    return first + sorted(rest, key=lambda item: item.value)


def _key(item: GroupOfRuns, by: str) -> tuple[float, str] | None:
    match by:
        case "value":
            if item.key == _NONE:
                return None
            try:
                return float(item.key.partition(_BETWEEN)[0]), item.value
            except ValueError:
                return math.inf, item.value
        case "n":
            return float(item.n), ""
        case _:
            spread = item.columns.get(by)
            return None if spread is None else (spread.mean, "")
