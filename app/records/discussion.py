"""What people write to each other: comments, and what their texts name."""

from datetime import datetime

from app.records.base import Record


class NamedThing(Record):
    """A run or sweep that a text names: what its link shows, and where it leads."""

    name: str
    state: str
    path: str


class Comment(Record):
    """A comment on a run or sweep, in Markdown; `author` is empty where there were no accounts."""

    id: str
    run: str | None
    sweep: str | None
    author: str
    text: str
    created_at: datetime
    edited_at: datetime | None = None
    deleted: bool = False


class Report(Record):
    """A document in Markdown with figures of runs; `author` is empty where there were no accounts."""

    id: str
    author: str
    name: str
    text: str
    created_at: datetime
    edited_at: datetime
    deleted: bool = False
