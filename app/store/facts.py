"""The fields of a run's spec as rows that a search compares."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from app.search.facts import Fact, facts_of
from app.store.tables import facts


def put(conn: Connection, run_id: str, spec: Mapping[str, Any]) -> None:
    """Replace the facts of a run by those of `spec`, as JSON."""
    conn.execute(delete(facts).where(facts.c.run_id == run_id))
    rows = [{"run_id": run_id, **fact._asdict(), "leaf": fact.leaf} for fact in facts_of(spec)]
    if rows:
        conn.execute(insert(facts), rows)


def of(conn: Connection, run_ids: Collection[str]) -> dict[str, list[Fact]]:
    """Return the facts of each of these runs, in the order of their specs."""
    found: dict[str, list[Fact]] = {run_id: [] for run_id in run_ids}
    # Sorted here: asked to sort by the primary key, SQLite would read the whole table in that order.
    rows = conn.execute(select(facts).where(facts.c.run_id.in_(run_ids))).all()
    for row in sorted(rows, key=lambda row: row.id):
        found[row.run_id].append(Fact(row.path, row.number, row.text))
    return found
