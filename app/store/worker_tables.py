"""Tables of workers: who is there, what they refuse and how fast they are."""

from sqlalchemy import Column, Double, ForeignKey, Integer, String, Table, Text

from app.store.schema import metadata
from app.store.sql import Json

workers = Table(
    "workers",
    metadata,
    Column("id", String(200), primary_key=True),
    Column("host", String(200), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("queue", String(3), nullable=False),
    Column("device", String(200), nullable=False),
    Column("slots", Integer, nullable=False),
    Column("busy", Json, nullable=False),
    Column("versions", Json, nullable=False),
    Column("started_at", Double, nullable=False),
    Column("seen_at", Double, nullable=False),
    # What it measures of itself and its machine, and why it accepts no work.
    Column("load", Json),
    Column("trouble", Text),
    # `paused` or `draining`, where an admin asked for it.
    Column("mode", String(8)),
)

# At most one row: the message that every page shows.
maintenance = Table(
    "maintenance",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("text", Text, nullable=False),
    Column("begins_at", Double),
    Column("put_at", Double, nullable=False),
)

# Workers that cannot continue what a shard began, such as those with another version of torch.
refusals = Table(
    "refusals",
    metadata,
    Column("shard_id", Integer, ForeignKey("shards.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("worker", String(200), primary_key=True),
    Column("reason", Text, nullable=False),
    Column("at", Double, nullable=False),
)

speeds = Table(
    "speeds",
    metadata,
    Column("model", String(40), primary_key=True),
    Column("dataset", String(40), primary_key=True),
    Column("batch_size", Integer, primary_key=True, autoincrement=False),
    Column("device", String(200), primary_key=True),
    Column("step_s", Double, nullable=False),
)
