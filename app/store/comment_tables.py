"""The table of comments."""

from sqlalchemy import Column, Double, ForeignKey, Index, String, Table, Text

from app.store.acting import acting
from app.store.schema import metadata

# Of a run or of a sweep, whichever is named. A deleted one can be restored.
comments = Table(
    "comments",
    metadata,
    Column("id", String(10), primary_key=True),
    Column("run_id", String(10), ForeignKey("runs.id", ondelete="CASCADE")),
    Column("sweep_id", String(10), ForeignKey("sweeps.id", ondelete="CASCADE")),
    # Who has written it; nobody where there were no accounts.
    Column("owner_id", String(10), default=acting),
    Column("text", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("edited_at", Double),
    Column("deleted_at", Double),
    Index(None, "run_id", "id"),
    Index(None, "sweep_id", "id"),
)
