"""Comments on runs and sweeps."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Make the table and its indexes."""
    op.create_table(
        "comments",
        sa.Column("id", sa.String(10), primary_key=True),
        sa.Column("run_id", sa.String(10), sa.ForeignKey("runs.id", ondelete="CASCADE")),
        sa.Column("sweep_id", sa.String(10), sa.ForeignKey("sweeps.id", ondelete="CASCADE")),
        sa.Column("owner_id", sa.String(10)),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("edited_at", sa.Double),
        sa.Column("deleted_at", sa.Double),
    )
    op.create_index("ix_comments_run_id_id", "comments", ["run_id", "id"])
    op.create_index("ix_comments_sweep_id_id", "comments", ["sweep_id", "id"])


def downgrade() -> None:
    """Drop the table, and with it what people have written."""
    op.drop_table("comments")
