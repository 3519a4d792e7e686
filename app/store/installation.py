"""One random id in the database and in the artifact root: who deletes must know that the two belong together."""

from collections.abc import Container

from sqlalchemy import Connection, select, update

from app.store.artifacts import Artifacts
from app.store.errors import Mismatch, NotAdopted
from app.store.sql import Now
from app.store.tables import installation


def own(conn: Connection) -> str:
    """Return the id of the database; empty when it has none."""
    return conn.scalars(select(installation.c.id)).first() or ""


def keep_artifacts(conn: Connection, seconds: float) -> None:
    """Let nothing delete an artifact for so long: a backup copies what its rows name."""
    conn.execute(update(installation).values(kept_until=Now() + seconds))


def keeps_artifacts(conn: Connection) -> bool:
    """Return whether no artifact may be deleted now, nor before this transaction ends."""
    # Shared with others that ask, but a backup that begins waits for all of them.
    until = conn.scalar(select(installation.c.kept_until - Now()).with_for_update(read=True))
    return until is not None and until > 0


def check(artifacts: Artifacts, own: str, known: Container[str]) -> None:
    """Return when the artifact root carries the id `own`; a root without one takes it.

    `known` are the hashes that the database refers to or once did. Raises Mismatch when the root carries another id;
    NotAdopted when it carries none and most of its files are unknown.
    """
    if not own:
        raise NotAdopted("the database has lost its id (table `installation`): restore it from a backup")
    marker = artifacts.marker()
    if not marker:
        files = artifacts.hashes()
        unknown = sum(sha256 not in known for sha256 in files)
        if 2 * unknown > len(files):
            raise NotAdopted(
                f"{unknown} of {len(files)} files in {artifacts.url} are unknown to this database, so they may belong "
                f"to another one. If they are its own all the same, write {own} into {artifacts.marker_path}"
            )
        marker = artifacts.mark(own)
    if marker != own:
        raise Mismatch(
            f"the artifacts in {artifacts.url} belong to another database (id {marker}, this one has {own}): "
            "set TICKETSCOPE_DATABASE_URL and TICKETSCOPE_ARTIFACTS_URL to two that belong together"
        )


def refuse_new(artifacts: Artifacts, database: str) -> None:
    """Return when an empty database may be filled. Raises Mismatch when the artifact root shows that there was one."""
    marker = artifacts.marker()
    if marker or artifacts.any():
        whose = f"another database (its id is {marker})" if marker else "another database"
        raise Mismatch(
            f"the database {database} is empty, but {artifacts.url} holds the artifacts of {whose}; nothing was "
            "changed. Correct TICKETSCOPE_DATABASE_URL, or restore the database from a backup; to start with an empty "
            "one, set TICKETSCOPE_ARTIFACTS_URL (or TICKETSCOPE_DATA_DIR for both) to a new folder"
        )
