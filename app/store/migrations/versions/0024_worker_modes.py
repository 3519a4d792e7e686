"""What admins ask of workers, and a message on every page."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """Add a column to the workers, all of which work, and make the table of the message."""
    op.add_column("workers", sa.Column("mode", sa.String(8)))
    op.create_table(
        "maintenance",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("begins_at", sa.Double),
        sa.Column("put_at", sa.Double, nullable=False),
    )


def downgrade() -> None:
    """Drop them: paused workers take work again."""
    op.drop_table("maintenance")
    op.drop_column("workers", "mode")
