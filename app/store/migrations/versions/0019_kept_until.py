"""Until when no artifact may be deleted, since a backup copies what it has read of the tables."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Add a column to the installation; none keeps anything yet."""
    op.add_column("installation", sa.Column("kept_until", sa.Double))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("installation", "kept_until")
