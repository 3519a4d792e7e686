"""Which artifacts and checkpoints runs need, and which they have let go."""

from collections.abc import Collection

from sqlalchemy import Connection, delete, insert, select

from app.store.sql import Now
from app.store.tables import artifacts, released, shards


def referenced(conn: Connection) -> set[str]:
    """Return hashes of all artifacts and checkpoints that a run still needs."""
    saved = set(conn.scalars(select(artifacts.c.sha256).distinct()))
    return saved | _checkpoints(list(conn.scalars(select(shards.c.checkpoints))))


def of_run(conn: Connection, run_id: str) -> set[str]:
    """Return hashes that one run needs; others may need them too."""
    saved = set(conn.scalars(select(artifacts.c.sha256).where(artifacts.c.run_id == run_id).distinct()))
    return saved | _checkpoints(list(conn.scalars(select(shards.c.checkpoints).where(shards.c.run_id == run_id))))


def release(conn: Connection, hashes: Collection[str]) -> None:
    """Note that something does not need these any more."""
    if hashes:
        conn.execute(insert(released).values(at=Now()), [{"sha256": sha256} for sha256 in hashes])


def let_go(conn: Connection) -> set[str]:
    """Return hashes that something once needed."""
    return set(conn.scalars(select(released.c.sha256)))


def forget(conn: Connection, older_than_s: float) -> None:
    """Drop the notes of this age: what they name has been swept."""
    conn.execute(delete(released).where(released.c.at < Now() - older_than_s))


def _checkpoints(of_shards: list[list[dict[str, str]]]) -> set[str]:
    return {checkpoint["sha256"] for checkpoints in of_shards for checkpoint in checkpoints}
