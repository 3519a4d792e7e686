"""Small questions that every part of the store asks of its tables."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, select

from app.store.errors import NotFound
from app.store.tables import runs


def exists(conn: Connection, run_id: str) -> None:
    """Raises NotFound unless there is such a run, in the bin or not."""
    if conn.execute(select(runs.c.id).where(runs.c.id == run_id)).first() is None:
        raise NotFound(f"there is no run {run_id}")


def moment(seconds: float | None) -> Any:
    """Seconds since 1970 as a time in UTC; None stays None."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
