"""Turns of runs, times of shards, what was told of them, what workers carry and what they refuse."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add columns that are empty for what is there already, so that no table is written anew."""
    op.add_column("runs", sa.Column("turn_at", sa.Double))
    for name in ("claimed_at", "checkpoint_at", "held_s", "told_s"):
        op.add_column("shards", sa.Column(name, sa.Double))
    op.add_column("workers", sa.Column("load", sa.Text))
    op.add_column("workers", sa.Column("trouble", sa.Text))
    op.create_table(
        "refusals",
        sa.Column("shard_id", sa.Integer, sa.ForeignKey("shards.id", ondelete="CASCADE"), nullable=False),
        sa.Column("worker", sa.String(200), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("shard_id", "worker", name="pk_refusals"),
    )
