"""The first schema: runs, shards, events, chunks, artifacts, workers, speeds."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _run_id() -> sa.Column[str]:
    return sa.Column("run_id", sa.String(10), sa.ForeignKey("runs.id", ondelete="CASCADE"), nullable=False)


def _place() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("replicate", sa.Integer, nullable=False),
        sa.Column("level", sa.Integer, nullable=False),
        sa.Column("branch", sa.String(40), nullable=False),
        sa.Column("draw", sa.Integer, nullable=False),
    )


def upgrade() -> None:
    """Create all tables."""
    op.create_table(
        "runs",
        sa.Column("id", sa.String(10), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("model", sa.String(40), nullable=False),
        sa.Column("dataset", sa.String(40), nullable=False),
        sa.Column("spec", sa.Text, nullable=False),
        sa.Column("work", sa.Integer, nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("tags", sa.Text, nullable=False),
        sa.Column("notes", sa.Text, nullable=False),
        sa.Column("search", sa.Text, nullable=False),
        sa.Column("provenance", sa.Text, nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("started_at", sa.Double),
        sa.Column("finished_at", sa.Double),
        sa.Column("deleted_at", sa.Double),
        sa.Column("last_seq", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
    )
    op.create_index("ix_runs_created_at_id", "runs", ["created_at", "id"])

    op.create_table(
        "shards",
        sa.Column("id", sa.Integer, nullable=False),
        _run_id(),
        sa.Column("replicate", sa.Integer, nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("queue", sa.String(3), nullable=False),
        sa.Column("work", sa.Integer, nullable=False),
        sa.Column("token", sa.String(32)),
        sa.Column("worker", sa.String(200)),
        sa.Column("lease_until", sa.Double),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("plan", sa.Text),
        sa.Column("checkpoints", sa.Text, nullable=False),
        sa.Column("next_ordinal", sa.Integer, nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("traceback", sa.Text),
        sa.Column("done", sa.Integer, nullable=False),
        sa.Column("total", sa.Integer, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("speed", sa.Double),
        sa.Column("mark_done", sa.Integer),
        sa.Column("mark_at", sa.Double),
        sa.PrimaryKeyConstraint("id", name="pk_shards"),
        sa.UniqueConstraint("run_id", "replicate", name="uq_shards_run_id_replicate"),
    )
    op.create_index("ix_shards_state", "shards", ["state"])
    op.create_index("ix_shards_run_id_state", "shards", ["run_id", "state"])

    op.create_table(
        "events",
        _run_id(),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("shard_id", sa.Integer, sa.ForeignKey("shards.id", ondelete="CASCADE")),
        sa.Column("replicate", sa.Integer),
        sa.Column("ordinal", sa.Integer),
        sa.Column("topic", sa.String(80), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("run_id", "seq", name="pk_events"),
        sa.UniqueConstraint("shard_id", "ordinal", name="uq_events_shard_id_ordinal"),
    )

    op.create_table(
        "chunks",
        _run_id(),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("series", sa.String(80), nullable=False),
        *_place(),
        sa.Column("ordinal", sa.Integer, nullable=False),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("names", sa.Text, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("run_id", "seq", name="pk_chunks"),
    )
    op.create_index("ix_chunks_run_id_series_replicate_ordinal", "chunks", ["run_id", "series", "replicate", "ordinal"])

    op.create_table(
        "artifacts",
        _run_id(),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        *_place(),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("media_type", sa.String(100), nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("meta", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("run_id", "seq", name="pk_artifacts"),
    )
    op.create_index("ix_artifacts_sha256", "artifacts", ["sha256"])

    op.create_table(
        "workers",
        sa.Column("id", sa.String(200), nullable=False),
        sa.Column("host", sa.String(200), nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("queue", sa.String(3), nullable=False),
        sa.Column("device", sa.String(200), nullable=False),
        sa.Column("slots", sa.Integer, nullable=False),
        sa.Column("busy", sa.Text, nullable=False),
        sa.Column("versions", sa.Text, nullable=False),
        sa.Column("started_at", sa.Double, nullable=False),
        sa.Column("seen_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_workers"),
    )

    op.create_table(
        "speeds",
        sa.Column("model", sa.String(40), nullable=False),
        sa.Column("dataset", sa.String(40), nullable=False),
        sa.Column("batch_size", sa.Integer, nullable=False),
        sa.Column("device", sa.String(200), nullable=False),
        sa.Column("step_s", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("model", "dataset", "batch_size", "device", name="pk_speeds"),
    )
