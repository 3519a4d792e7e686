"""A run remembers which one it repeats."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add `again_of` to the runs."""
    op.add_column("runs", sa.Column("again_of", sa.String(10)))
    op.create_index("ix_runs_again_of", "runs", ["again_of"])
