"""What the board lists: pages, saved views and groups of runs."""

from datetime import datetime

from app.records.base import Record
from app.records.runs import Run


class Page(Record):
    """A page of runs; `next` is the cursor of the following page, or None at the end.

    `total` is how many runs all pages hold, where they were counted on the way.
    """

    items: tuple[Run, ...]
    next: str | None = None
    total: int | None = None


class View(Record):
    """A view of the board under a name; `query` is the query string of its address."""

    id: str
    name: str
    query: str
    created_at: datetime


class Spread(Record):
    """Mean over the `n` runs of a group that have a value, and their standard deviation (n − 1), None for n = 1."""

    mean: float
    sd: float | None
    n: int


class GroupOfRuns(Record):
    """Runs that share a value: `key` names the group, `value` is what a reader sees, empty where they have none.

    `states` counts the runs in each state, `columns` has the requested numeric fields and measures.
    """

    key: str
    value: str
    n: int
    states: dict[str, int]
    columns: dict[str, Spread]


class Groups(Record):
    """The first groups of a search, and how many there are in `total`."""

    items: tuple[GroupOfRuns, ...]
    total: int
