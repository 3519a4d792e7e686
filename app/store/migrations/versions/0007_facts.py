"""Fields of specs as rows, so that any of them can be searched for."""

import json

import sqlalchemy as sa
from alembic import op

from app.search.facts import facts_of

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the table, and fill it from the specs of the runs that are there."""
    facts = op.create_table(
        "facts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("run_id", sa.String(10), sa.ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
        sa.Column("path", sa.String(200), nullable=False),
        sa.Column("leaf", sa.String(200), nullable=False),
        sa.Column("number", sa.Double),
        sa.Column("text", sa.String(200)),
    )
    runs = sa.table("runs", sa.column("id", sa.Text), sa.column("spec", sa.Text))
    for row in op.get_bind().execute(sa.select(runs)).all():
        rows = [
            {"run_id": row.id, "path": fact.path, "leaf": fact.leaf, "number": fact.number, "text": fact.text}
            for fact in facts_of(json.loads(row.spec))
        ]
        if rows:
            op.bulk_insert(facts, rows)
    for columns in (["run_id"], ["leaf", "number"], ["leaf", "text"]):
        op.create_index(f"ix_facts_{'_'.join(columns)}", "facts", columns)


def downgrade() -> None:
    """Drop the table, which follows from the specs."""
    op.drop_table("facts")
