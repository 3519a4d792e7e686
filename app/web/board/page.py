"""The board: presets, workers and the runs that a search finds."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse

from app.contract.experiment import FieldError
from app.records import Page
from app.search.parse import LENGTH
from app.store import Reads
from app.store.errors import NotFound
from app.web.board.notice import Notice
from app.web.board.presets import presets
from app.web.board.rows import Row, row, summaries
from app.web.core.context import SourcesDep
from app.web.core.page import edge, page
from app.web.core.parameters import Cursor, Short
from app.web.workers.loads import machines, troubles

router = APIRouter(include_in_schema=False)

LIMIT = 50
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
    limit: int = LIMIT
    states: tuple[tuple[str, str], ...] = STATES
    syntax: str = "optimizer:adam lr>1e-3 -tag:old"
    error: str = ""
    """What is wrong with the search, in words."""

    @property
    def filtered(self) -> bool:
        """Whether the table may leave out runs."""
        return bool(self.q or self.state or self.tag or self.cursor)

    def link(self, **changed: str) -> str:
        """This board with something changed, from its first page unless a cursor is given."""
        now = {"q": self.q, "state": self.state, "tag": self.tag, "sort": self.sort}
        query = {
            key: value for key, value in (now | changed).items() if value and (key, value) != ("sort", "-created_at")
        }
        return f"/?{urlencode(query)}" if query else "/"

    def flip(self, key: str) -> str:
        """The order by `key`: the newest and the highest first, then the other way round."""
        first = f"-{key}" if key.endswith("_at") else key
        second = key if first != key else f"-{key}"
        return second if self.sort == first else first


@router.get("/")
def board(
    request: Request,
    sources: SourcesDep,
    q: Annotated[str, Query(max_length=LENGTH)] = "",
    state: Short = "",
    tag: Short = "",
    sort: Short = "-created_at",
    cursor: Cursor = "",
    binned: Short = "",
) -> HTMLResponse:
    """Presets, workers and runs."""
    with sources.now() as readers:
        store = readers.store
        try:
            found = store.runs(q=q, state=state or None, tag=tag or None, sort=sort, limit=LIMIT, cursor=cursor or None)
            error = ""
        except FieldError as wrong:
            # A search that cannot be read finds nothing; an old link gives the board without what it cannot do.
            sort, cursor = "-created_at", ""
            error = wrong.message if wrong.field == "q" else ""
            found = Page(items=(), next=None) if error else store.runs(q=q, limit=LIMIT)
        now = datetime.now(UTC)
        texts = summaries(store, readers.reader, found.items)
        rows = tuple(row(run, texts[run.id], now) for run in found.items)
        known, cards = store.workers(), presets(store)
        return page(
            request, "board/board.html", presets=cards[:3],
            board=Board(rows, q, state, tag, sort, cursor, found.next, error=error),
            more_presets=len(cards) if len(cards) > 3 else 0, machines=machines(known), troubles=troubles(known),
            shell=edge(request, store), notice=_binned(store, binned),
        )  # fmt: skip


def _binned(store: Reads, run_id: str) -> Notice | None:
    if not run_id:
        return None
    try:
        run = store.run(run_id)
    except NotFound:
        return None
    return Notice(f"“{run.name}” is in the bin.", run.id) if run.deleted_at else None
