"""The table of reports."""

from sqlalchemy import Column, Double, String, Table, Text

from app.store.acting import acting
from app.store.schema import metadata

# A deleted one can be restored.
reports = Table(
    "reports",
    metadata,
    Column("id", String(10), primary_key=True),
    # Who has written it; nobody where there were no accounts.
    Column("owner_id", String(10), default=acting),
    Column("name", String(200), nullable=False),
    Column("text", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("edited_at", Double, nullable=False),
    Column("deleted_at", Double),
)
