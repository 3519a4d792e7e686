"""Indexes of facts that leave out what they are not read for, and statistics of values within a field."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

_PARTIAL = {
    "ix_facts_numbers": (["leaf", "number", "run_id", "low"], "low IS NULL AND number IS NOT NULL"),
    "ix_facts_texts": (["leaf", "text", "run_id", "low"], "low IS NULL AND text IS NOT NULL"),
    "ix_facts_shares": (["leaf", "low", "high", "number", "run_id"], "low IS NOT NULL"),
}
_BEFORE = {
    "ix_facts_numbers": ["leaf", "number", "run_id", "low", "high"],
    "ix_facts_texts": ["leaf", "text", "run_id"],
}
# PostgreSQL takes columns as independent and would expect that next to no run has an optimizer called adam.
_STATISTICS = {"facts_numbers": "leaf, number", "facts_texts": "leaf, text", "facts_shares": "leaf, low, high"}


def upgrade() -> None:
    """Make three partial indexes of facts in place of two whole ones, one of workers, and statistics."""
    for name in _BEFORE:
        op.drop_index(name, "facts")
    for name, (columns, condition) in _PARTIAL.items():
        where = sa.text(condition)
        op.create_index(name, "facts", columns, sqlite_where=where, postgresql_where=where)
    where = sa.text("worker IS NOT NULL")
    op.create_index("ix_shards_workers", "shards", ["worker", "run_id"], sqlite_where=where, postgresql_where=where)
    if op.get_bind().dialect.name == "postgresql":
        for name, values in _STATISTICS.items():
            op.execute(f"CREATE STATISTICS {name} (mcv) ON {values} FROM facts")
            op.execute(f"ALTER STATISTICS {name} SET STATISTICS 1000")
        op.execute("ANALYZE facts")


def downgrade() -> None:
    """Put the two whole indexes back."""
    if op.get_bind().dialect.name == "postgresql":
        for name in _STATISTICS:
            op.execute(f"DROP STATISTICS {name}")
    op.drop_index("ix_shards_workers", "shards")
    for name in _PARTIAL:
        op.drop_index(name, "facts")
    for name, before in _BEFORE.items():
        op.create_index(name, "facts", before)
