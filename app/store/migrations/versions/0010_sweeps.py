"""Sweeps: runs that differ in a few fields, and their members."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Make both tables, and let a run name its sweep."""
    op.create_table(
        "sweeps",
        sa.Column("id", sa.String(10), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("spec", "axes", "sampler")),
        sa.Column("objective", sa.String(80), nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("budget", "stop")),
        sa.Column("state", sa.String(12), nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("note", "tags", "notes")),
        sa.Column("created_at", sa.Double, nullable=False),
    )
    op.create_index("ix_sweeps_created_at_id", "sweeps", ["created_at", "id"])
    op.create_table(
        "sweep_members",
        sa.Column("sweep_id", sa.String(10), sa.ForeignKey("sweeps.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("run_id", sa.String(10), sa.ForeignKey("runs.id", ondelete="SET NULL")),
        sa.Column("values", sa.Text, nullable=False),
        sa.Column("objective", sa.Double),
        sa.Column("hours", sa.Double),
        sa.Column("seq", sa.Integer),
        sa.Column("error", sa.Text),
    )
    op.create_index("ix_sweep_members_run_id", "sweep_members", ["run_id"])
    op.add_column("runs", sa.Column("sweep_id", sa.String(10)))
    op.create_index("ix_runs_sweep_id", "runs", ["sweep_id"])


def downgrade() -> None:
    """Drop both tables; the runs of sweeps stay."""
    op.drop_index("ix_runs_sweep_id", "runs")
    op.drop_column("runs", "sweep_id")
    op.drop_table("sweep_members")
    op.drop_table("sweeps")
