"""The fields of a run's spec as rows that a search compares."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, delete, insert

from app.search.facts import facts_of
from app.store.tables import facts


def put(conn: Connection, run_id: str, spec: Mapping[str, Any]) -> None:
    """Replace the facts of a run by those of `spec`, as JSON."""
    conn.execute(delete(facts).where(facts.c.run_id == run_id))
    rows = [{"run_id": run_id, **fact._asdict(), "leaf": fact.leaf} for fact in facts_of(spec)]
    if rows:
        conn.execute(insert(facts), rows)
