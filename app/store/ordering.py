"""Orders of a list of runs: by what every run has, or by any field of their specs or measure."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, FromClause, func, select

from app.contract.experiment import FieldError
from app.search.fields import measure_of, types_of
from app.store.facts import named
from app.store.tables import facts, runs

SORTS: dict[str, ColumnElement[Any]] = {
    "created_at": runs.c.created_at,
    "finished_at": func.coalesce(runs.c.finished_at, 0.0),
    "name": func.lower(runs.c.name),
    "kind": runs.c.kind,
    "state": runs.c.state,
}
_BEYOND = 1.7e308
"""A number after all others: runs without the field come last, upwards and downwards."""


@dataclass(frozen=True)
class Order:
    """Rows of `source` by `key`, whose values have the given type."""

    key: ColumnElement[Any]
    type: type
    descending: bool
    source: FromClause


def order_of(sort: str) -> Order:
    """Return what a list is sorted by: a key, or a field such as lr; - sorts downwards. Raises FieldError."""
    descending, name = sort.startswith("-"), sort.removeprefix("-")
    if name in SORTS:
        return Order(SORTS[name], float if name.endswith("_at") else str, descending, runs)
    kinds = types_of(name)
    if not kinds:
        known = ", ".join(SORTS)
        raise FieldError(
            "sort", f"must be one of {known}, a field of a spec or a measure, with a - before it for descending"
        )
    numeric = "number" in kinds
    column = facts.c.number if numeric else facts.c.text
    # The smallest of a list, and downwards the largest.
    extreme = (func.max if descending else func.min)(column).label("extreme")
    if measure_of(name) is None:
        extremes = select(facts.c.run_id, extreme).where(named(name)).group_by(facts.c.run_id).subquery()
    else:  # a single value for each run
        extremes = select(facts.c.run_id, column.label("extreme")).where(named(name)).subquery()
    last: Any = (-_BEYOND if descending else _BEYOND) if numeric else ("" if descending else "\U0010ffff")
    source = runs.outerjoin(extremes, extremes.c.run_id == runs.c.id)
    return Order(func.coalesce(extremes.c.extreme, last), float if numeric else str, descending, source)
