"""Projects, their members, and the project of a run or sweep."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Make the tables, and let a run and a sweep name its project; those of before have none."""
    op.create_table(
        "projects",
        sa.Column("id", sa.String(10), primary_key=True),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("folded", sa.String(320), nullable=False, unique=True),
        sa.Column("owner_id", sa.String(10)),
        sa.Column("created_at", sa.Double, nullable=False),
    )
    project, user = (sa.ForeignKey(f"{table}.id", ondelete="CASCADE") for table in ("projects", "users"))
    op.create_table(
        "project_members",
        sa.Column("project_id", sa.String(10), project, primary_key=True),
        sa.Column("user_id", sa.String(10), user, primary_key=True),
    )
    op.create_index("ix_project_members_user_id", "project_members", ["user_id"])
    for table in ("runs", "sweeps"):
        op.add_column(table, sa.Column("project_id", sa.String(10)))
    op.create_index("ix_runs_project_id", "runs", ["project_id"])


def downgrade() -> None:
    """Drop the tables; runs and sweeps belong to no project any more."""
    op.drop_index("ix_runs_project_id", "runs")
    for table in ("runs", "sweeps"):
        op.drop_column(table, "project_id")
    op.drop_table("project_members")
    op.drop_table("projects")
