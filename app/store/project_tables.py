"""Tables of projects and of who belongs to them."""

from sqlalchemy import Column, Double, ForeignKey, String, Table

from app.store.schema import metadata

projects = Table(
    "projects",
    metadata,
    Column("id", String(10), primary_key=True),
    Column("name", String(80), nullable=False),
    # The name as it is compared.
    Column("folded", String(320), nullable=False, unique=True),
    # Who has begun it; nobody where there were no accounts.
    Column("owner_id", String(10)),
    Column("created_at", Double, nullable=False),
)

project_members = Table(
    "project_members",
    metadata,
    Column("project_id", String(10), ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", String(10), ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True),
)
