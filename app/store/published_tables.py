"""Tables of what people have published, and the runs that each link shows."""

from sqlalchemy import Column, Double, ForeignKey, Integer, String, Table, Text

from app.store.people_tables import SECRET
from app.store.schema import metadata

published = Table(
    "published",
    metadata,
    Column("id", String(10), primary_key=True),
    Column("secret", String(SECRET), nullable=False, unique=True),
    Column("what", String(12), nullable=False),
    # The id of a report; runs have rows of their own.
    Column("key", String(10), nullable=False),
    # The view that is shown first, as the query of an address.
    Column("query", Text, nullable=False),
    Column("user_id", String(10), ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double),
    Column("used_at", Double),
    Column("revoked_at", Double),
)

published_runs = Table(
    "published_runs",
    metadata,
    Column("published_id", String(10), ForeignKey("published.id", ondelete="CASCADE"), primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("run_id", String(10), ForeignKey("runs.id", ondelete="CASCADE"), nullable=False, index=True),
)
