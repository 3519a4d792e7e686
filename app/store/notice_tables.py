"""Tables of notifications: what happened, where else it is sent, and what of that is still to be sent."""

from sqlalchemy import Column, Double, ForeignKey, Index, Integer, String, Table, Text

from app.store.schema import metadata

# Of a person; of the installation where nobody is named.
notices = Table(
    "notices",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("user_id", String(10), ForeignKey("users.id", ondelete="CASCADE")),
    Column("at", Double, nullable=False),
    Column("kind", String(12), nullable=False),
    # The run or sweep; it may have been purged since.
    Column("what", String(8), nullable=False),
    Column("key", String(10), nullable=False),
    Column("text", Text, nullable=False),
    Column("read_at", Double),
    Index(None, "user_id", "id"),
    Index(None, "what", "key"),
)

# Where notifications go besides the page: of a person, or of the installation and all that happens there.
channels = Table(
    "channels",
    metadata,
    Column("id", String(10), primary_key=True),
    Column("user_id", String(10), ForeignKey("users.id", ondelete="CASCADE"), index=True),
    Column("kind", String(8), nullable=False),
    Column("target", Text, nullable=False),
    Column("created_at", Double, nullable=False),
)

# What is to be sent: a try counts before it begins, and the next one is due only when that must be over.
deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("notice_id", Integer, ForeignKey("notices.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("channel_id", String(10), ForeignKey("channels.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("tries", Integer, nullable=False),
    # Empty: it is sent, or given up.
    Column("due_at", Double, index=True),
    Column("sent_at", Double),
    Column("error", Text),
)
