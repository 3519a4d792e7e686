"""Measures of runs are facts, computed again when a log has grown; and views of the board have a name."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_UNMEASURED = "measured_seq IS NULL OR measured_seq < last_seq"


def upgrade() -> None:
    """Add what measures have and fields of specs have not; runs that are there count as not measured yet."""
    for column in (
        sa.Column("seq", sa.Integer),
        sa.Column("n", sa.Integer),
        sa.Column("low", sa.Double),
        sa.Column("high", sa.Double),
    ):
        op.add_column("facts", column)
    op.add_column("runs", sa.Column("measured_seq", sa.Integer))
    where = sa.text(_UNMEASURED)
    op.create_index("ix_runs_unmeasured", "runs", ["id"], sqlite_where=where, postgresql_where=where)
    op.create_table(
        "views",
        sa.Column("id", sa.String(10), primary_key=True),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("query", sa.Text, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("deleted_at", sa.Double),
    )


def downgrade() -> None:
    """Drop measures, which are computed again when they are wanted, and views."""
    op.drop_table("views")
    op.drop_index("ix_runs_unmeasured", "runs")
    op.drop_column("runs", "measured_seq")
    op.execute("DELETE FROM facts WHERE seq IS NOT NULL")
    for column in ("seq", "n", "low", "high"):
        op.drop_column("facts", column)
