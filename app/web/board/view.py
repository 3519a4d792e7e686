"""What the board shows, and the links that change it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from app.web.board.columns import Column
from app.web.board.groups import Grouped, choices
from app.web.board.rows import Row

LIMIT = 50
NEWEST = "-created_at"
COMFORTABLE = "comfortable"
STATES = (("", "All"), ("running", "Running"), ("queued", "Queued"), ("finished", "Finished"), ("failed", "Failed"))


@dataclass(frozen=True)
class Board:
    """The table of runs under one search and order, and the links that change either."""

    rows: tuple[Row, ...]
    q: str
    state: str
    tag: str
    sort: str
    cursor: str
    next: str | None
    columns: tuple[Column, ...] = ()
    offered: tuple[Column, ...] = ()
    chosen: str = ""
    """The columns as the link names them; empty while they come by themselves."""
    density: str = ""
    """`comfortable`, or empty for compact rows."""
    counts: Mapping[str, int] = field(default_factory=dict)
    limit: int = LIMIT
    states: tuple[tuple[str, str], ...] = STATES
    syntax: str = "optimizer:adam lr>1e-3 -tag:old"
    unmeasured: int = 0
    """Ended runs whose measures are still to be computed."""
    error: str = ""
    """What is wrong with the search, in words."""
    group: str = ""
    """The field that the runs are grouped by."""
    grouped: Grouped | None = None
    notes: tuple[str, ...] = ()
    """What of the address means nothing, in sentences."""
    matching: int = 0
    """How many runs the search finds, on all pages."""

    @property
    def filtered(self) -> bool:
        """Return whether the table may leave out runs."""
        return bool(self.q or self.state or self.tag or self.cursor)

    @property
    def query(self) -> str:
        """Return the search with the filters of the board, as one query.

        What it finds is what all pages show together.
        """
        parts = [f"({self.q})" if self.q.strip() else "", f"state:{self.state}" if self.state else ""]
        return " ".join(filter(None, [*parts, f'tag:"{self.tag}"' if self.tag else ""]))

    @property
    def head(self) -> list[tuple[str | None, str]]:
        """Return the columns from left to right: what each sorts by, if it does, and its title."""
        fields = [(column.path, column.title) for column in self.columns]
        return [("state", "State"), ("name", "Run"), (None, "Kind"), (None, "Data and model"), *fields,
                (None, "Progress"), (None, "Verdict"), ("created_at", "Age")]  # fmt: skip

    @property
    def alike(self) -> str:
        """Return classes of a table whose runs are of one kind, of the same data and model, or without a verdict."""
        kinds, data = {row.kind for row in self.rows}, {(row.dataset, row.model) for row in self.rows}
        alike = (" one-kind", len(kinds) == 1), (" one-data", len(data) == 1)
        return "".join(name for name, holds in (*alike, (" no-verdict", self._without_verdict)) if holds)

    @property
    def _without_verdict(self) -> bool:
        return not any(row.verdict for row in self.rows)

    @property
    def common(self) -> str:
        """Return what is the same for all runs of the table, in place of a column of it; empty for a single run."""
        if len(self.rows) < 2:
            return ""
        first, alike = self.rows[0], self.alike
        parts = [first.kind_title] if "one-kind" in alike else []
        return " · ".join(filter(None, [*parts, *([first.dataset, first.model] if "one-data" in alike else [])]))

    @property
    def view_query(self) -> str:
        """Return the query string that a view of this board keeps."""
        return self.link().partition("?")[2]

    def link(self, **changed: str) -> str:
        """Return the address of this board with something changed, from its first page unless a cursor is given."""
        now = {
            "q": self.q, "state": self.state, "tag": self.tag, "sort": self.sort, "columns": self.chosen,
            "rows": self.density, "group": self.group,
        }  # fmt: skip
        query = {key: value for key, value in (now | changed).items() if value and (key, value) != ("sort", NEWEST)}
        return f"/?{urlencode(query)}" if query else "/"

    def flip(self, key: str) -> str:
        """Return the order by `key`: the newest and the highest first, then the other way round."""
        first = f"-{key}" if key.endswith("_at") else key
        second = key if first != key else f"-{key}"
        return second if self.sort == first else first

    @property
    def groupings(self) -> list[tuple[str, str]]:
        """Return what the runs can be grouped by, with the titles."""
        return choices([item for item in self.offered if "@" not in item.path])

    @property
    def kept(self) -> list[tuple[str, str]]:
        """Return what the form of the columns must not lose."""
        now = {
            "q": self.q, "state": self.state, "tag": self.tag, "sort": self.sort, "rows": self.density,
            "group": self.group,
        }  # fmt: skip
        return [(key, value) for key, value in now.items() if value and (key, value) != ("sort", NEWEST)]
