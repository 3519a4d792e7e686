"""People who have an account, what they may do, and who sends a request."""

from datetime import datetime
from typing import Literal, TypeAlias

from app.records.base import Record

Role: TypeAlias = Literal["viewer", "member", "admin"]
Scope: TypeAlias = Literal["read", "write"]

RANK: dict[Role, int] = {"viewer": 0, "member": 1, "admin": 2}
"""Each role may do what those below it may."""


class Person(Record):
    """An account. One that is deactivated can no longer be used, but what it owns keeps its name."""

    id: str
    name: str
    role: Role
    created_at: datetime
    deactivated_at: datetime | None = None


class Visitor(Record):
    """Who sends a request: a person, by a session of a browser or by a token of the API."""

    id: str
    name: str
    role: Role
    scope: Scope | None = None
    """What the token may do; None for a session."""

    @property
    def acts_as(self) -> Role:
        """Return the role of the request: a token that only reads makes a viewer of everybody."""
        return "viewer" if self.scope == "read" else self.role

    def may(self, role: Role) -> bool:
        """Return whether the request may do what a role may."""
        return RANK[self.acts_as] >= RANK[role]


class Token(Record):
    """A token of the API, without its secret."""

    id: str
    name: str
    scope: Scope
    created_at: datetime
    expires_at: datetime
    over: bool


class Invitation(Record):
    """A link that makes an account or, for a person who is there already, sets a new password."""

    role: Role
    person: str | None = None
    """The name of the person whose password it sets."""
    expires_at: datetime


class AuditEntry(Record):
    """Something that a person has done; `key` is the id of the thing, which may be gone by now."""

    id: int
    at: datetime
    name: str
    address: str
    by_token: bool
    action: str
    what: str
    key: str
    detail: str
