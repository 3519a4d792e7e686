"""Links by which people without an account read one thing."""

from datetime import datetime
from typing import Literal, TypeAlias

from app.records.base import Record

Published: TypeAlias = Literal["run", "comparison", "report"]


class PublishedLink(Record):
    """A link that was published, without its secret; `query` is the view that it shows first.

    `runs` are those that it shows and nothing else, without the ones in the bin. `key` is the id of a report.
    """

    id: str
    what: Published
    runs: tuple[str, ...]
    key: str = ""
    query: str = ""
    publisher: str
    created_at: datetime
    expires_at: datetime | None = None
    used_at: datetime | None = None
    over: bool = False
