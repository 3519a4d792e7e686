"""The fields of a run's spec, and its measures, as rows that a search compares."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, and_, delete, insert, or_, select

from app.search.facts import Fact, facts_of, leaf_of
from app.search.fields import is_alone, shared
from app.store.sql import Unsearched
from app.store.tables import AnyRow, facts, run_numbers


def put(conn: Connection, run_id: str, spec: Mapping[str, Any]) -> None:
    """Replace the fields of a run by those of `spec`, as JSON; its measures stay."""
    conn.execute(delete(facts).where(facts.c.run_id == run_id, facts.c.seq.is_(None)))
    _insert(conn, run_id, None, facts_of(spec))


def add(conn: Connection, specs: Mapping[str, Mapping[str, Any]]) -> None:
    """Store the fields of new runs, by run, from their specs as JSON."""
    rows = [row for run_id, spec in specs.items() for row in _rows(run_id, None, facts_of(spec))]
    if rows:
        conn.execute(insert(facts), rows)


def put_measures(conn: Connection, run_id: str, seq: int, measures: Iterable[Fact]) -> None:
    """Replace the measures of a run by those that hold after event `seq`."""
    replacements = list(measures)
    conn.execute(delete(facts).where(facts.c.run_id == run_id, facts.c.seq.is_not(None)))
    _insert(conn, run_id, seq, replacements)
    conn.execute(delete(run_numbers).where(run_numbers.c.run_id == run_id))
    conn.execute(insert(run_numbers), numbers_of(run_id, replacements))


def numbers_of(run_id: str, measures: Iterable[Fact]) -> dict[str, Any]:
    """Return a run's row of `run_numbers`."""
    row: dict[str, Any] = dict.fromkeys(run_numbers.c.keys())
    there = {fact.leaf: fact.number for fact in measures if fact.low is None}
    return row | {leaf: number for leaf, number in there.items() if leaf in row} | {"run_id": run_id}


def _insert(conn: Connection, run_id: str, seq: int | None, measured: Iterable[Fact]) -> None:
    rows = _rows(run_id, seq, measured)
    if rows:
        conn.execute(insert(facts), rows)


def _rows(run_id: str, seq: int | None, measured: Iterable[Fact]) -> list[dict[str, Any]]:
    return [{"run_id": run_id, "seq": seq, **fact._asdict(), "leaf": fact.leaf} for fact in measured]


def named(name: str, table: FromClause = facts, *, by_run: bool = False) -> ColumnElement[bool]:
    """Return that a fact of `table` has this path, or this last part of one; of "accuracy@5%" the one at 5 %.

    `by_run` where the fact of one run after the other is looked up.
    """
    base, share = shared(name)
    # By the last part wherever one path alone has it: indexes hold that, and not the path.
    same = [table.c.leaf == leaf_of(base)]
    if "." in base and not is_alone(base):
        same.append(table.c.path == base)
    # Facts that depend on the share of kept weights have an index of their own.
    low: ColumnElement[Any] = Unsearched(table.c.low) if by_run else table.c.low
    at = [table.c.low.is_(None)] if share is None else [low <= share, table.c.high > share]
    return and_(*same, *at)


def of(conn: Connection, run_ids: Collection[str], names: Collection[str] = ()) -> dict[str, list[Fact]]:
    """Return the facts of each of these runs, in the order of their specs, then the measures.

    Of those that depend on the share of kept weights only the ones with `names` such as "result.accuracy@5%" are read.
    """
    by_run: dict[str, list[Fact]] = {run_id: [] for run_id in run_ids}
    at = {shared(name): name for name in names if "@" in name}
    wanted = or_(facts.c.low.is_(None), *(named(name) for name in at.values()))
    # Sorted here: asked to sort by the primary key, SQLite would read the whole table in that order.
    rows = conn.execute(select(facts).where(facts.c.run_id.in_(run_ids), wanted)).all()
    for row in sorted(rows, key=lambda row: row.id):
        paths = [row.path] if row.low is None else [name for key, name in at.items() if _holds(row, *key)]
        by_run[row.run_id] += [Fact(path, row.number, row.text, row.n) for path in paths]
    return by_run


def _holds(row: AnyRow, path: str, share: float | None) -> bool:
    """Return whether a fact is the one of `path` at a share of kept weights."""
    return share is not None and row.path == path and bool(row.low <= share < row.high)
