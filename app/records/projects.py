"""Projects: what runs and sweeps of several people belong to together."""

from datetime import datetime

from app.records.base import Record


class Project(Record):
    """A project; `mine` says whether who asks may put runs into it, `leads` whether they may change it."""

    id: str
    name: str
    owner: str | None = None
    created_at: datetime
    runs: int = 0
    members: int = 0
    mine: bool = False
    leads: bool = False


class ProjectMember(Record):
    """A person of a project."""

    id: str
    name: str
