"""Reports."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "reports",
        sa.Column("id", sa.String(10), primary_key=True),
        sa.Column("owner_id", sa.String(10)),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("edited_at", sa.Double, nullable=False),
        sa.Column("deleted_at", sa.Double),
    )


def downgrade() -> None:
    """Drop the table, and with it what people have written."""
    op.drop_table("reports")
