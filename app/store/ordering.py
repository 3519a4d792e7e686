"""Orders of a list of runs: by what every run has, or by any field of their specs or measure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Double, Select, and_, cast, func, literal, or_, select, tuple_

from app.contract.experiment import FieldError
from app.search.fields import measure_of, types_of
from app.store.facts import named
from app.store.tables import AnyRow, facts, runs

SORTS: dict[str, ColumnElement[Any]] = {
    "created_at": runs.c.created_at,
    "finished_at": func.coalesce(runs.c.finished_at, 0.0),
    "name": func.lower(runs.c.name),
    "kind": runs.c.kind,
    "state": runs.c.state,
    "priority": cast(runs.c.priority, Double),
}


@dataclass(frozen=True)
class Place:
    """Where a list goes on: after the run with this key and id; the key is None behind all runs that have a value."""

    key: Any
    id: str


@dataclass(frozen=True)
class Order:
    """An order by `key`, whose values have the given type; `field` is that of facts, which a run may lack."""

    key: ColumnElement[Any]
    type: type
    descending: bool
    field: str = ""

    def first(
        self,
        conn: Connection,
        which: Sequence[ColumnElement[bool]],
        most: int,
        after: Place | None,
        more: Sequence[ColumnElement[Any]] = (),
    ) -> list[AnyRow]:
        """Return `id`, `key` and `more` of the first runs for which all of these conditions hold, after a place.

        Runs without the field come last, upwards and downwards; runs that are alike come by id.
        """
        if not self.field:
            return list(
                conn.execute(self._rows(select(runs.c.id, self.key.label("key"), *more), runs.c.id, which, most, after))
            )
        page: list[AnyRow] = []
        if after is None or after.key is not None:
            query = select(facts.c.run_id.label("id"), self.key.label("key"), *more).join(
                runs, runs.c.id == facts.c.run_id
            )
            query = query.where(named(self.field), self.key.is_not(None), *self._extreme())
            page += conn.execute(self._rows(query, facts.c.run_id, which, most, after))
            after = None
        if len(page) < most:
            having = select(facts.c.run_id).where(named(self.field), self.key.is_not(None))
            query = select(runs.c.id, literal(None).label("key"), *more).where(runs.c.id.not_in(having), *which)
            if after is not None:
                query = query.where(runs.c.id < after.id if self.descending else runs.c.id > after.id)
            by = runs.c.id.desc() if self.descending else runs.c.id
            page += conn.execute(query.order_by(by).limit(most - len(page)))
        return page

    def _rows(
        self,
        query: Select[Any],
        run_id: ColumnElement[str],
        which: Sequence[ColumnElement[bool]],
        most: int,
        after: Place | None,
    ) -> Select[Any]:
        """Return a query's rows in order: an index that holds key and id is read from the place on."""
        query = query.where(*which)
        if after is not None:
            here, there = tuple_(self.key, run_id), tuple_(literal(after.key), literal(after.id))
            query = query.where(here < there if self.descending else here > there)
        by = (self.key.desc(), run_id.desc()) if self.descending else (self.key, run_id)
        return query.order_by(*by).limit(most)

    def _extreme(self) -> list[ColumnElement[bool]]:
        """Return that no other value of the run comes before: of a list its smallest, and downwards the largest."""
        if measure_of(self.field) is not None:  # a single value for each run
            return []
        other = facts.alias()
        key = other.c[self.key.name]
        before = key > self.key if self.descending else key < self.key
        same = and_(key == self.key, other.c.id < facts.c.id)
        others = select(other.c.id).where(other.c.run_id == facts.c.run_id, named(self.field, other), or_(before, same))
        return [~others.exists()]


def is_order(sort: str) -> bool:
    """Return whether a list of runs can be sorted so."""
    name = sort.removeprefix("-")
    return name in SORTS or bool(types_of(name))


def order_of(sort: str) -> Order:
    """Return what a list is sorted by: a key, or a field such as lr; - sorts downwards. Raises FieldError."""
    descending, name = sort.startswith("-"), sort.removeprefix("-")
    if name in SORTS:
        return Order(SORTS[name], float if name.endswith("_at") or name == "priority" else str, descending)
    kinds = types_of(name)
    if not kinds:
        known = ", ".join(SORTS)
        raise FieldError(
            "sort", f"must be one of {known}, a field of a spec or a measure, with a - before it for descending"
        )
    if "number" in kinds:
        return Order(facts.c.number, float, descending, name)
    return Order(facts.c.text, str, descending, name)
