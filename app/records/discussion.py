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


class ReportHead(Record):
    """A report without its text; `author` is empty where there were no accounts.

    `version` is another one after each change of the name or the text.
    """

    id: str
    author: str
    name: str
    created_at: datetime
    edited_at: datetime
    version: str
    deleted: bool = False


class Report(ReportHead):
    """A document in Markdown with figures of runs."""

    text: str


class ReportPage(Record):
    """A page of reports; `next` is the cursor of older ones, or None at the end."""

    items: tuple[ReportHead, ...]
    next: str | None = None
