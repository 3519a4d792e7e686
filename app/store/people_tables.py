"""Tables of people: accounts, sessions, invitations, tokens, logins and the audit log.

Secrets are stored as SHA-256 of 32 random bytes, passwords as argon2id.
"""

from sqlalchemy import Boolean, Column, Double, ForeignKey, Index, Integer, String, Table, Text

from app.store.schema import metadata

SECRET = 64
"""Hex digits of a stored secret."""


def _person(name: str, *, nullable: bool = False, index: bool = False) -> Column[str]:
    return Column(name, String(10), ForeignKey("users.id", ondelete="CASCADE"), nullable=nullable, index=index)


users = Table(
    "users",
    metadata,
    Column("id", String(10), primary_key=True),
    Column("name", String(40), nullable=False),
    # The name as it is compared.
    Column("folded", String(160), nullable=False, unique=True),
    Column("password", Text, nullable=False),
    Column("role", String(8), nullable=False),
    Column("created_at", Double, nullable=False),
    Column("deactivated_at", Double),
)

sessions = Table(
    "sessions",
    metadata,
    Column("secret", String(SECRET), primary_key=True),
    _person("user_id", index=True),
    Column("created_at", Double, nullable=False),
    Column("seen_at", Double, nullable=False),
)

# `user_id`: the person whose password the link sets; none: it makes an account.
invitations = Table(
    "invitations",
    metadata,
    Column("secret", String(SECRET), primary_key=True),
    Column("role", String(8), nullable=False),
    _person("user_id", nullable=True),
    _person("invited_by", nullable=True),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("used_at", Double),
)

# Who a person is where they log in: the hash of the issuer and of the subject there.
identities = Table(
    "identities",
    metadata,
    Column("identity", String(SECRET), primary_key=True),
    _person("user_id", index=True),
    Column("issuer", Text, nullable=False),
    Column("created_at", Double, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", String(10), primary_key=True),
    Column("secret", String(SECRET), nullable=False, unique=True),
    _person("user_id", index=True),
    Column("name", String(80), nullable=False),
    Column("scope", String(5), nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("revoked_at", Double),
)

# Logins that were tried: by the hash of the name, as people type passwords in its place, and the address.
logins = Table(
    "logins",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(SECRET), nullable=False),
    Column("address", String(64), nullable=False),
    Column("at", Double, nullable=False),
    Index(None, "name", "at"),
    Index(None, "address", "at"),
    Index(None, "at"),
)

# Who has done what: names as they were then, and ids of what may be gone by now.
audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Double, nullable=False),
    Column("user_id", String(10), nullable=False),
    Column("name", String(40), nullable=False),
    Column("folded", String(160), nullable=False),
    Column("address", String(64), nullable=False),
    Column("by_token", Boolean, nullable=False),
    Column("action", String(40), nullable=False),
    Column("what", String(12), nullable=False),
    Column("key", String(10), nullable=False),
    Column("detail", Text, nullable=False),
    Index(None, "folded", "id"),
    Index(None, "action", "id"),
    Index(None, "key", "id"),
)
