"""Runs that share a value, as groups: how many, in which states, and mean and spread of numeric fields and measures."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Select, Subquery, Text, cast, func, literal, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from app.contract.experiment import FieldError
from app.records import GroupOfRuns, Groups, Spread
from app.search.fields import measure_of, types_of
from app.store import matching
from app.store.deviation import Deviation
from app.store.facts import named
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
    source, key = _keyed(group)
    members = select(runs.c.id, runs.c.state, key.label("key")).select_from(source).where(runs.c.deleted_at.is_(None))
    members = members.where(*conditions(q, state, tag))
    sub = members.subquery()
    states: dict[str, dict[str, int]] = {}
    count = select(sub.c.key, sub.c.state, func.count().label("n")).group_by(sub.c.key, sub.c.state)
    for group_key, run_state, n in conn.execute(count).all():
        states.setdefault(group_key, {})[run_state] = n
    spreads = _spreads(conn, sub, [by]) if by in columns else {}
    # A mean orders all groups; the other columns are of those that are shown.
    shown = _sorted(states, spreads, by, descending=sort.startswith("-"))[:MOST]
    others = [name for name in columns if name != by]
    spreads |= _spreads(conn, sub, others, shown if len(states) > MOST else None)
    items = (
        GroupOfRuns(
            key=key,
            value=_value(key),
            n=sum(states[key].values()),
            states=states[key],
            columns={name: spreads[name][key] for name in columns if key in spreads[name]},
        )
        for key in shown
    )
    return Groups(items=tuple(items), total=len(states))


def conditions(q: str, state: str | None, tag: str | None) -> list[ColumnElement[bool]]:
    """Return the conditions of a list on its runs. Raises FieldError."""
    more = [] if state is None else [runs.c.state == state.casefold()]
    return [*more, matching.condition(q), *([] if tag is None else [matching.tagged(tag)])]


def within(group: str, key: str) -> ColumnElement[bool]:
    """Return that a run belongs to the group of this key. Raises FieldError for an unknown field."""
    source, text = _keyed(group)
    return runs.c.id.in_(select(runs.c.id).select_from(source).where(text == key))


def _keyed(group: str) -> tuple[FromClause, ColumnElement[Any]]:
    """Return a table of runs and the text that those of a group share; "" where a run has no such field."""
    if group in OF_RUN:
        return runs, OF_RUN[group]
    kinds = types_of(group)
    if not kinds:
        known = ", ".join(OF_RUN)
        raise FieldError("group", f"must be one of {known}, a field of a spec such as optimizer, or a measure")
    value = func.coalesce(facts.c.text, cast(facts.c.number, Text)).label("value")
    sub = select(facts.c.run_id, facts.c.id, value).where(named(group, by_run=True))
    if measure_of(group) is None:
        # In the order of runs and of a run's spec.
        sub = sub.order_by(facts.c.run_id, facts.c.id)
        values = sub.subquery()
        text = Joined(values.c.value, values.c.id).label("value")
        sub = select(values.c.run_id, text).group_by(values.c.run_id)
    of_run = sub.subquery()
    return runs.outerjoin(of_run, of_run.c.run_id == runs.c.id), func.coalesce(of_run.c.value, literal(_NONE))


def _spreads(
    conn: Connection, members: Subquery, names: Sequence[str], keys: Sequence[str] | None = None
) -> dict[str, dict[str, Spread]]:
    """Return mean and standard deviation of columns over the runs of each group that have a single value.

    By column and key, of these groups or of all.
    """
    if not names:
        return {}
    source: FromClause = members
    columns: list[ColumnElement[Any]] = [members.c.key]
    for name in names:
        numbers = _numbers(name).subquery()
        source = source.outerjoin(numbers, numbers.c.run_id == members.c.id)
        number = numbers.c.number
        columns += [func.count(number), func.avg(number), Deviation(number)]
    query = select(*columns).select_from(source).group_by(members.c.key)
    if keys is not None:
        query = query.where(members.c.key.in_(keys))
    spreads: dict[str, dict[str, Spread]] = {name: {} for name in names}
    for key, *values in conn.execute(query).all():
        for name, n, mean, sd in zip(names, values[::3], values[1::3], values[2::3], strict=True):
            if n:
                spreads[name][key] = Spread(mean=mean, sd=_plain_sd(sd, mean), n=n)
    return spreads


def _numbers(name: str) -> Select[Any]:
    """Return the numbers of a column by run; a field with several values in a run is none, a measure is one."""
    numbers = select(facts.c.run_id, facts.c.number).where(named(name, by_run=True), facts.c.number.is_not(None))
    if measure_of(name) is not None:
        return numbers
    numbers = numbers.with_only_columns(facts.c.run_id, func.min(facts.c.number).label("number"))
    return numbers.group_by(facts.c.run_id).having(func.count() == 1)


def _plain_sd(sd: float | None, mean: float) -> float | None:
    """Return a standard deviation; that of equal values is 0, though their mean was rounded."""
    return sd if sd is None or sd > _ROUNDING * abs(mean) else 0.0


def _value(key: str) -> str:
    """Return what the runs of a group share, as a reader writes it: numbers short, several values with commas."""
    return ", ".join(_plain(part) for part in key.split(_BETWEEN))


def _plain(text: str) -> str:
    try:
        return f"{float(text):g}"
    except ValueError:
        return text


def _sorted(
    states: Mapping[str, Mapping[str, int]], spreads: Mapping[str, Mapping[str, Spread]], by: str, *, descending: bool
) -> list[str]:
    """Return the keys of groups in order; those without a value come last, upwards and downwards."""
    keys = sorted(states, key=_rank)
    ranks: dict[str, float]
    match by:
        case "value":
            first = [key for key in keys if key != _NONE]
            return (first[::-1] if descending else first) + [key for key in keys if key == _NONE]
        case "n":
            ranks = {key: sum(counts.values()) for key, counts in states.items()}
        case _:
            ranks = {key: spread.mean for key, spread in spreads[by].items()}
    first = [key for key in keys if key in ranks]
    first.sort(key=ranks.__getitem__, reverse=descending)
    return first + [key for key in keys if key not in ranks]


def _rank(key: str) -> tuple[float, str]:
    """Return where a key belongs: by its first number, words after all numbers."""
    try:
        number = float(key)
    except ValueError:
        try:
            number = float(key.partition(_BETWEEN)[0])
        except ValueError:
            number = math.inf
    else:
        # Most keys are one number, which has no equal.
        if not math.isnan(number):
            return number, ""
    return (math.inf if math.isnan(number) else number), _value(key)
