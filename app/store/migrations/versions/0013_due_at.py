"""The time from which a run waits for a slot is called what it is."""

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Rename a column of the runs; both kinds of database do so in place."""
    op.execute("ALTER TABLE runs RENAME COLUMN turn_at TO due_at")


def downgrade() -> None:
    """Give the column its name of before."""
    op.execute("ALTER TABLE runs RENAME COLUMN due_at TO turn_at")
