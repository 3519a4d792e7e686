"""All tables. Times are seconds since 1970 by the database's clock; spec, events and the like are JSON text."""

from typing import Any, TypeAlias

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Row,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from app.store.acting import acting, chosen_project
from app.store.comment_tables import comments as comments
from app.store.notice_tables import notices as notices
from app.store.people_tables import users as users
from app.store.project_tables import projects as projects
from app.store.published_tables import published as published
from app.store.queue_tables import shares as shares
from app.store.report_tables import reports as reports
from app.store.run_numbers import run_numbers as run_numbers
from app.store.schema import metadata as metadata
from app.store.sql import Json
from app.store.sweep_tables import sweep_members as sweep_members
from app.store.sweep_tables import sweeps as sweeps
from app.store.worker_tables import maintenance as maintenance
from app.store.worker_tables import refusals as refusals
from app.store.worker_tables import speeds as speeds
from app.store.worker_tables import workers as workers

REVISION = "0026"
"""The newest migration, by name, so that readers can check the schema without Alembic."""

FIRST_REVISION = "0006"
"""The earliest that a database can be taken back to."""

UNMEASURED = "(measured_seq IS NULL OR measured_seq < last_seq)"
"""Runs whose log has grown since their measures were computed."""

LISTED = "deleted_at IS NULL"
"""Runs outside the bin."""

WITHOUT_SHARE = "low IS NULL"
"""Facts that do not depend on the share of kept weights."""

AnyRow: TypeAlias = Row[*tuple[Any, ...]]


def _run_id(**kwargs: Any) -> Column[str]:
    return Column("run_id", String(10), ForeignKey("runs.id", ondelete="CASCADE"), nullable=False, **kwargs)


def _partial(name: str, *columns: str, where: str) -> Index:
    return Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


def _training() -> tuple[Column[Any], ...]:
    # The key is the canonical JSON of the coordinates that the kind of run declares.
    return Column("replicate", Integer, nullable=False), Column("key", Text, nullable=False)


runs = Table(
    "runs",
    metadata,
    Column("id", String(10), primary_key=True),
    Column("name", String(200), nullable=False),
    # The run that this one repeats; it may have been purged since.
    Column("again_of", String(10), index=True),
    # The sweep that it is a member of.
    Column("sweep_id", String(10), index=True),
    Column("kind", String(40), nullable=False),
    Column("model", String(40), nullable=False),
    Column("dataset", String(40), nullable=False),
    Column("spec", Json, nullable=False),
    # How often the work of one replicate has grown: a shard that finished an earlier one is not done.
    Column("work", Integer, nullable=False, default=0),
    Column("state", String(12), nullable=False),
    Column("tags", Json, nullable=False),
    Column("notes", Text, nullable=False),
    # Case-folded lines of what a search looks through; a tag's line starts with "#".
    Column("search", Text, nullable=False),
    Column("provenance", Json, nullable=False),
    Column("error", Text),
    Column("created_at", Double, nullable=False),
    Column("started_at", Double),
    Column("finished_at", Double),
    Column("deleted_at", Double),
    Column("last_seq", Integer, nullable=False, default=0),
    # From when it waits for a slot, after it held one; empty: since it was created.
    Column("due_at", Double),
    # The event up to which its measures are computed.
    Column("measured_seq", Integer),
    # Who has submitted it; nobody where there were no accounts.
    Column("owner_id", String(10), default=acting),
    # 0 low, 1 normal, 2 high.
    Column("priority", SmallInteger, nullable=False, default=1, server_default="1"),
    # The project that it belongs to, if to any.
    Column("project_id", String(10), default=chosen_project),
    Index(None, "created_at", "id"),
    Index(None, "project_id"),
    _partial("ix_runs_listed", "state", "id", where=LISTED),
    _partial("ix_runs_unmeasured", "id", where=UNMEASURED),
)

shards = Table(
    "shards",
    metadata,
    Column("id", Integer, primary_key=True),
    _run_id(),
    Column("replicate", Integer, nullable=False),
    Column("state", String(12), nullable=False),
    Column("queue", String(3), nullable=False),
    Column("work", Integer, nullable=False, default=0),
    # Who has it, and until when.
    Column("token", String(32)),
    Column("worker", String(200)),
    Column("lease_until", Double),
    Column("claimed_at", Double),
    # Claims so far, and how many of them failed since the last checkpoint.
    Column("attempt", Integer, nullable=False, default=0),
    Column("tries", Integer, nullable=False, default=0),
    Column("plan", Json),
    Column("checkpoints", Json, nullable=False),
    Column("checkpoint_at", Double),
    Column("next_ordinal", Integer, nullable=False, default=0),
    Column("error", Text),
    Column("traceback", Text),
    # Progress in optimizer steps; `speed` in steps per second, up to the mark.
    Column("done", Integer, nullable=False, default=0),
    Column("total", Integer, nullable=False),
    Column("note", Text, nullable=False, default=""),
    Column("speed", Double),
    Column("mark_done", Integer),
    Column("mark_at", Double),
    # Seconds that it has had a slot, and those estimated for it when it was submitted.
    Column("slot_s", Double),
    Column("estimated_s", Double),
    UniqueConstraint("run_id", "replicate"),
    Index(None, "state"),
    Index(None, "run_id", "state"),
    _partial("ix_shards_workers", "worker", "run_id", where="worker IS NOT NULL"),
)

events = Table(
    "events",
    metadata,
    _run_id(primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("at", Double, nullable=False),
    Column("shard_id", Integer, ForeignKey("shards.id", ondelete="CASCADE")),
    Column("replicate", Integer),
    Column("ordinal", Integer),
    # What a live page must fetch again: a series or artifact name, or else the kind of event.
    Column("topic", String(80), nullable=False),
    Column("body", Json, nullable=False),
    # The last defence against doubled rows; the append drops them before.
    UniqueConstraint("shard_id", "ordinal"),
)

chunks = Table(
    "chunks",
    metadata,
    _run_id(primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("series", String(80), nullable=False),
    *_training(),
    Column("ordinal", Integer, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("names", Text, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Index(None, "run_id", "series", "replicate", "ordinal"),
)

artifacts = Table(
    "artifacts",
    metadata,
    _run_id(primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("sha256", String(64), nullable=False, index=True),
    *_training(),
    Column("name", String(80), nullable=False),
    Column("media_type", String(100), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("meta", Json, nullable=False),
)

# The fields of specs and the measures of runs, which a search compares: `leaf` is the last part of the path; a number,
# or else text.
facts = Table(
    "facts",
    metadata,
    Column("id", Integer, primary_key=True),
    _run_id(),
    Column("path", String(200), nullable=False),
    Column("leaf", String(200), nullable=False),
    Column("number", Double),
    Column("text", String(200)),
    # Of a measure: the number of the run's event that it is as new as; over how many replicates it is a mean; and from
    # and up to which share of kept weights it holds, where it depends on that.
    Column("seq", Integer),
    Column("n", Integer),
    Column("low", Double),
    Column("high", Double),
    Index(None, "run_id"),
    # Each holds all that a search, an order or groups read of a fact; the first two in the order of a list.
    _partial("ix_facts_numbers", "leaf", "number", "run_id", "low", where=f"{WITHOUT_SHARE} AND number IS NOT NULL"),
    _partial("ix_facts_texts", "leaf", "text", "run_id", "low", where=f"{WITHOUT_SHARE} AND text IS NOT NULL"),
    # Shares before numbers, so that a search reads those of one share.
    _partial("ix_facts_shares", "leaf", "low", "high", "number", "run_id", where="low IS NOT NULL"),
    Index("ix_facts_of_runs", "leaf", "run_id", "id", "number", "text", "low", "high"),
)

# Views of the board under a name: the query string of its address. A deleted one can be restored.
views = Table(
    "views",
    metadata,
    Column("id", String(10), primary_key=True),
    Column("name", String(80), nullable=False),
    Column("query", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("deleted_at", Double),
)

# Requests that were sent with a key: what they have stored.
submissions = Table(
    "submissions",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("run_id", String(10), ForeignKey("runs.id", ondelete="CASCADE"), index=True),
    Column("sweep_id", String(10), ForeignKey("sweeps.id", ondelete="CASCADE"), index=True),
    Column("at", Double, nullable=False),
)

# One row: the id that the artifact root carries as well, and until when no artifact may go, as a backup copies them.
installation = Table("installation", metadata, Column("id", String(32), primary_key=True), Column("kept_until", Double))

# Hashes that runs have let go: a sweep may take them, however many they are.
released = Table(
    "released",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("sha256", String(64), nullable=False),
    Column("at", Double, nullable=False),
)
