"""Requests for new runs and sweeps that their sender may repeat: the second finds what the first has stored."""

from typing import NamedTuple

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.contract.experiment import FieldError
from app.store.sql import Now
from app.store.tables import submissions


class Once(NamedTuple):
    """A request by its `key`, which its sender chose, and the `digest` of its content, both SHA-256 as hex."""

    key: str
    digest: str


class Stored(NamedTuple):
    """What a request has stored: a run or a sweep."""

    run_id: str | None
    sweep_id: str | None


def begin(conn: Connection, once: Once) -> Stored | None:
    """Note a request; return what it has stored already, None when it is new.

    Another transaction with the same request ends first. Raises FieldError where the key was sent with another body.
    """
    insert = sqlite.insert if conn.dialect.name == "sqlite" else postgresql.insert
    new = insert(submissions).values(key=once.key, digest=once.digest, at=Now())
    noted = new.on_conflict_do_nothing(index_elements=submissions.primary_key).returning(submissions.c.key)
    if conn.execute(noted).first() is not None:
        return None
    row = conn.execute(select(submissions).where(submissions.c.key == once.key)).one()
    if row.digest != once.digest:
        raise FieldError("Idempotency-Key", "was sent before with another body: take a new key for a new request")
    return Stored(row.run_id, row.sweep_id)


def end(conn: Connection, once: Once, *, run_id: str | None = None, sweep_id: str | None = None) -> None:
    """Keep what a request has stored."""
    conn.execute(update(submissions).where(submissions.c.key == once.key).values(run_id=run_id, sweep_id=sweep_id))
