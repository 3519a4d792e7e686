"""Tables of the queue: what each person has had of the slots."""

from sqlalchemy import Column, Double, String, Table

from app.store.schema import metadata

# By owner, empty for all runs of nobody: seconds of slots, and when they last got one by priority.
shares = Table(
    "shares",
    metadata,
    Column("owner_id", String(10), primary_key=True),
    Column("served_s", Double, nullable=False),
    Column("low_at", Double),
    Column("normal_at", Double),
    Column("high_at", Double),
)
