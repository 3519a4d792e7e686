"""Numbers among the measures of a run as columns of one row."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"

_PATHS = (
    "result.accuracy", "result.best_accuracy", "result.sparsity", "result.test_loss", "result.matched_density",
    "result.erased", "cost.core_seconds", "cost.disk_bytes",
)  # fmt: skip


def upgrade() -> None:
    """Make the table and fill it from facts."""
    names = [path.partition(".")[2] for path in _PATHS]
    op.create_table(
        "run_numbers",
        sa.Column("run_id", sa.String(10), sa.ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
        *(sa.Column(name, sa.Double) for name in names),
    )
    columns = ("run_id", "path", "number", "seq", "low")
    facts = sa.table("facts", *(sa.column(name) for name in columns))
    table = sa.table("run_numbers", sa.column("run_id"), *(sa.column(name) for name in names))
    numbers = (sa.func.max(sa.case((facts.c.path == path, facts.c.number))) for path in _PATHS)
    rows = sa.select(facts.c.run_id, *numbers).where(facts.c.seq.is_not(None), facts.c.low.is_(None))
    op.execute(sa.insert(table).from_select(["run_id", *names], rows.group_by(facts.c.run_id)))
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ANALYZE run_numbers")


def downgrade() -> None:
    """Drop the table: facts hold the same numbers."""
    op.drop_table("run_numbers")
