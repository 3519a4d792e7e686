"""Priorities of runs and sweeps, and what each person has had of the slots."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Give all runs and sweeps of before the normal priority, and make the table of shares."""
    for table in ("runs", "sweeps"):
        op.add_column(table, sa.Column("priority", sa.SmallInteger, nullable=False, server_default="1"))
    op.create_table(
        "shares",
        sa.Column("owner_id", sa.String(10), primary_key=True),
        sa.Column("served_s", sa.Double, nullable=False),
        sa.Column("low_at", sa.Double),
        sa.Column("normal_at", sa.Double),
        sa.Column("high_at", sa.Double),
    )


def downgrade() -> None:
    """Drop them; what waits is ordered as before."""
    op.drop_table("shares")
    for table in ("sweeps", "runs"):
        op.drop_column(table, "priority")
