"""Indexes of facts and runs that hold all that lists, searches and groups read, so that the rows stay unread."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Replace two indexes of facts by wider ones, and add one by run and one of runs outside the bin."""
    for columns in (["leaf", "number"], ["leaf", "text"]):
        op.drop_index(f"ix_facts_{'_'.join(columns)}", "facts")
    op.create_index("ix_facts_numbers", "facts", ["leaf", "number", "run_id", "low", "high"])
    op.create_index("ix_facts_texts", "facts", ["leaf", "text", "run_id"])
    op.create_index("ix_facts_of_runs", "facts", ["leaf", "run_id", "id", "number", "text", "low", "high"])
    where = sa.text("deleted_at IS NULL")
    op.create_index("ix_runs_listed", "runs", ["state", "id"], sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    """Make the indexes of before again."""
    op.drop_index("ix_runs_listed", "runs")
    for name in ("ix_facts_numbers", "ix_facts_texts", "ix_facts_of_runs"):
        op.drop_index(name, "facts")
    for columns in (["leaf", "number"], ["leaf", "text"]):
        op.create_index(f"ix_facts_{'_'.join(columns)}", "facts", columns)
