"""Requests that are sent twice store once; sweeps go to the bin, and stop runs early."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Make the table of requests, and the columns of sweeps and their members."""
    op.create_table(
        "submissions",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("run_id", sa.String(10), sa.ForeignKey("runs.id", ondelete="CASCADE")),
        sa.Column("sweep_id", sa.String(10), sa.ForeignKey("sweeps.id", ondelete="CASCADE")),
        sa.Column("at", sa.Double, nullable=False),
    )
    op.create_index("ix_submissions_run_id", "submissions", ["run_id"])
    op.create_index("ix_submissions_sweep_id", "submissions", ["sweep_id"])
    op.add_column("sweeps", sa.Column("pruner", sa.Text))
    op.add_column("sweeps", sa.Column("deleted_at", sa.Double))
    op.add_column("sweep_members", sa.Column("reports", sa.Text))
    op.add_column("sweep_members", sa.Column("stopped", sa.Text))


def downgrade() -> None:
    """Drop them; sweeps of the bin come back from it."""
    op.drop_table("submissions")
    for table, columns in (("sweeps", ("pruner", "deleted_at")), ("sweep_members", ("reports", "stopped"))):
        for column in columns:
            op.drop_column(table, column)
