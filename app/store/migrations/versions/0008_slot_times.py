"""The times of a shard are called what they are: that on a slot, and the one estimated for it."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Rename two columns of the shards; both kinds of database do so in place."""
    for before, now in (("held_s", "slot_s"), ("told_s", "estimated_s")):
        op.execute(f"ALTER TABLE shards RENAME COLUMN {before} TO {now}")


def downgrade() -> None:
    """Give the columns their names of before."""
    for before, now in (("held_s", "slot_s"), ("told_s", "estimated_s")):
        op.execute(f"ALTER TABLE shards RENAME COLUMN {now} TO {before}")
