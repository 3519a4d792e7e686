"""Numbers of runs over the runs of each group: how many there are, their mean and standard deviation."""

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, FromClause, Select, Subquery, func, select

from app.records import Spread
from app.search.facts import leaf_of
from app.search.fields import measure_of
from app.store.deviation import Deviation
from app.store.facts import named
from app.store.tables import facts, run_numbers

_ROUNDING = 1e-14
"""Spread relative to the mean below which values are equal."""


class Counted(NamedTuple):
    """A group: its runs by state, and the columns that any of them has a value of."""

    states: dict[str, int]
    columns: dict[str, Spread]


class _Part(NamedTuple):
    """Runs of a group in one state with a value of a column."""

    n: int
    mean: float
    sd: float | None


def counted(conn: Connection, members: Subquery, names: Sequence[str]) -> dict[str, Counted]:
    """Return the groups of `members`, which have `id`, `state` and `key`, by key, with columns over their runs.

    A run without a value of a column, or with several, does not count in it.
    """
    source: FromClause = members
    if any(_is_wide(name) for name in names):
        source = source.outerjoin(run_numbers, run_numbers.c.run_id == members.c.id)
    columns: list[ColumnElement[Any]] = [members.c.key, members.c.state, func.count()]
    for name in names:
        number: ColumnElement[Any]
        if _is_wide(name):
            number = run_numbers.c[_leaf(name)]
        else:
            numbers = _numbers(name).subquery()
            source = source.outerjoin(numbers, numbers.c.run_id == members.c.id)
            number = numbers.c.number
        columns += [func.count(number), func.avg(number), Deviation(number)]
    query = select(*columns).select_from(source).group_by(members.c.key, members.c.state)
    states: dict[str, dict[str, int]] = {}
    parts: dict[str, dict[str, list[_Part]]] = {}
    for key, state, n, *values in conn.execute(query).all():
        states.setdefault(key, {})[state] = n
        of_key = parts.setdefault(key, {})
        for name, part in zip(names, map(_Part, values[::3], values[1::3], values[2::3]), strict=True):
            if part.n:
                of_key.setdefault(name, []).append(part)
    return {
        key: Counted(states[key], {name: _pooled(several) for name, several in parts[key].items()}) for key in states
    }


def mean_of(name: str, members: Subquery) -> tuple[FromClause, ColumnElement[Any]]:
    """Return `members` with the numbers of a column, and the mean of these over a group."""
    if _is_wide(name):
        joined = members.outerjoin(run_numbers, run_numbers.c.run_id == members.c.id)
        return joined, func.avg(run_numbers.c[_leaf(name)])
    numbers = _numbers(name).subquery()
    return members.outerjoin(numbers, numbers.c.run_id == members.c.id), func.avg(numbers.c.number)


def _leaf(name: str) -> str:
    measure = measure_of(name)
    return "" if measure is None else leaf_of(measure.path)


def _is_wide(name: str) -> bool:
    """Return whether the numbers of a column are one of `run_numbers`."""
    return "@" not in name and _leaf(name) in run_numbers.c


def _numbers(name: str) -> Select[Any]:
    """Return the numbers of a column by run; a field with several values in a run is none, a measure is one."""
    numbers = select(facts.c.run_id, facts.c.number).where(named(name, by_run=True), facts.c.number.is_not(None))
    if measure_of(name) is not None:
        return numbers
    numbers = numbers.with_only_columns(facts.c.run_id, func.min(facts.c.number).label("number"))
    return numbers.group_by(facts.c.run_id).having(func.count() == 1)


def _pooled(parts: Iterable[_Part]) -> Spread:
    """Return mean and standard deviation (n - 1) over parts. Source: Chan, Golub and LeVeque, 1979, equation 1.5b."""
    parts = list(parts)
    n = sum(part.n for part in parts)
    mean = math.fsum(part.n * part.mean for part in parts) / n
    if n == 1:
        return Spread(mean=mean, sd=None, n=n)
    within = math.fsum((part.n - 1) * (part.sd or 0.0) ** 2 for part in parts)
    between = math.fsum(part.n * (part.mean - mean) ** 2 for part in parts)
    sd = math.sqrt((within + between) / (n - 1))
    # That of equal values is 0, though their mean was rounded.
    return Spread(mean=mean, sd=sd if sd > _ROUNDING * abs(mean) else 0.0, n=n)
