"""Links by which people without an account read one thing."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "published",
        sa.Column("id", sa.String(10), primary_key=True),
        sa.Column("secret", sa.String(64), nullable=False, unique=True),
        sa.Column("what", sa.String(12), nullable=False),
        sa.Column("key", sa.String(10), nullable=False),
        sa.Column("query", sa.Text, nullable=False),
        sa.Column("user_id", sa.String(10), sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("expires_at", sa.Double),
        sa.Column("used_at", sa.Double),
        sa.Column("revoked_at", sa.Double),
    )
    op.create_index("ix_published_user_id", "published", ["user_id"])
    link = sa.ForeignKey("published.id", ondelete="CASCADE")
    op.create_table(
        "published_runs",
        sa.Column("published_id", sa.String(10), link, primary_key=True),
        sa.Column("place", sa.Integer, primary_key=True),
        sa.Column("run_id", sa.String(10), sa.ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
    )
    op.create_index("ix_published_runs_run_id", "published_runs", ["run_id"])


def downgrade() -> None:
    """Drop the tables; the links end."""
    op.drop_table("published_runs")
    op.drop_table("published")
