"""Notifications, where else they are sent, and what is still to be sent."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def _of(name: str, where: str, *, nullable: bool = True) -> sa.Column[Any]:
    kind: Any = sa.Integer() if where == "notices.id" else sa.String(10)
    return sa.Column(name, kind, sa.ForeignKey(where, ondelete="CASCADE"), nullable=nullable)


def upgrade() -> None:
    """Make the tables and their indexes."""
    op.create_table(
        "notices",
        sa.Column("id", sa.Integer, primary_key=True),
        _of("user_id", "users.id"),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("what", sa.String(8), nullable=False),
        sa.Column("key", sa.String(10), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("read_at", sa.Double),
    )
    op.create_index("ix_notices_user_id_id", "notices", ["user_id", "id"])
    op.create_index("ix_notices_what_key", "notices", ["what", "key"])
    op.create_table(
        "channels",
        sa.Column("id", sa.String(10), primary_key=True),
        _of("user_id", "users.id"),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
    )
    op.create_index("ix_channels_user_id", "channels", ["user_id"])
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Integer, primary_key=True),
        _of("notice_id", "notices.id", nullable=False),
        _of("channel_id", "channels.id", nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("due_at", sa.Double),
        sa.Column("sent_at", sa.Double),
        sa.Column("error", sa.Text),
    )
    for column in ("notice_id", "channel_id", "due_at"):
        op.create_index(f"ix_deliveries_{column}", "deliveries", [column])


def downgrade() -> None:
    """Drop the tables; what was not sent is not sent."""
    for table in ("deliveries", "channels", "notices"):
        op.drop_table(table)
