"""People: accounts, sessions, invitations, tokens and logins, and who owns a run or a sweep."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def _person(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(10), sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=nullable)


def upgrade() -> None:
    """Make the tables, and let a run and a sweep name its owner; those of before have none."""
    op.create_table(
        "users",
        sa.Column("id", sa.String(10), primary_key=True),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("folded", sa.String(160), nullable=False, unique=True),
        sa.Column("password", sa.Text, nullable=False),
        sa.Column("role", sa.String(8), nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("deactivated_at", sa.Double),
    )
    op.create_table(
        "sessions",
        sa.Column("secret", sa.String(64), primary_key=True),
        _person("user_id"),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("seen_at", sa.Double, nullable=False),
    )
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"])
    op.create_table(
        "invitations",
        sa.Column("secret", sa.String(64), primary_key=True),
        sa.Column("role", sa.String(8), nullable=False),
        _person("user_id", nullable=True),
        _person("invited_by", nullable=True),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("expires_at", sa.Double, nullable=False),
        sa.Column("used_at", sa.Double),
    )
    op.create_table(
        "tokens",
        sa.Column("id", sa.String(10), primary_key=True),
        sa.Column("secret", sa.String(64), nullable=False, unique=True),
        _person("user_id"),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("scope", sa.String(5), nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("expires_at", sa.Double, nullable=False),
        sa.Column("revoked_at", sa.Double),
    )
    op.create_index("ix_tokens_user_id", "tokens", ["user_id"])
    op.create_table(
        "logins",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("at", sa.Double, nullable=False),
    )
    op.create_index("ix_logins_name_at", "logins", ["name", "at"])
    op.create_index("ix_logins_address_at", "logins", ["address", "at"])
    op.create_index("ix_logins_at", "logins", ["at"])
    for table in ("runs", "sweeps"):
        op.add_column(table, sa.Column("owner_id", sa.String(10)))


def downgrade() -> None:
    """Drop accounts and owners; runs and sweeps stay, and are nobody's."""
    for table in ("runs", "sweeps"):
        op.drop_column(table, "owner_id")
    for table in ("logins", "tokens", "invitations", "sessions", "users"):
        op.drop_table(table)
