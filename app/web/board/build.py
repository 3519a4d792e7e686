"""The board that an address describes: the runs of a search, or groups of them."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from app.atlas.reader import Reader
from app.contract.experiment import FieldError
from app.records import Page
from app.store import Snapshot
from app.web.board.columns import cells, chosen, named, offered, titles
from app.web.board.groups import grouped
from app.web.board.rows import row, summaries
from app.web.board.view import COMFORTABLE, LIMIT, NEWEST, Board


@dataclass(frozen=True)
class Asked:
    """What an address of the board contains."""

    q: str = ""
    state: str = ""
    tag: str = ""
    sort: str = NEWEST
    cursor: str = ""
    columns: str = ""
    rows: str = ""
    group: str = ""
    unfold: str | None = None

    @property
    def which(self) -> dict[str, Any]:
        """Return which runs are requested."""
        return {"q": self.q, "state": self.state or None, "tag": self.tag or None}


def build(store: Snapshot, reader: Reader, asked: Asked) -> Board:
    """Return the board.

    A search that cannot be read finds nothing; an old link gives the board without what it cannot do.
    """
    error, runs, groups = "", Page(items=(), next=None), None
    try:
        if asked.group:
            groups = grouped(
                store, asked.group, asked.unfold, q=asked.q, state=asked.state, tag=asked.tag, choice=asked.columns,
                sort=asked.sort,
            )  # fmt: skip
            # Of these runs only the fields are offered as columns.
            ids = store.newest(LIMIT, **asked.which)
        else:
            runs = store.runs(**asked.which, sort=asked.sort, limit=LIMIT, cursor=asked.cursor or None)
            ids = [run.id for run in runs.items]
    except FieldError as wrong:
        asked = replace(asked, sort=NEWEST, cursor="", group="")
        error = wrong.message if wrong.field == "q" else ""
        runs = Page(items=(), next=None) if error else store.runs(q=asked.q, limit=LIMIT)
        ids = [run.id for run in runs.items]
    facts = store.facts(ids, [item.path for item in named(asked.columns)])
    shown, now = chosen(asked.columns, facts), datetime.now(UTC)
    texts = summaries(store, reader, runs.items)
    return Board(
        tuple(
            row(run, texts[run.id], now, cells(shown, facts[run.id]), titles(shown, facts[run.id]))
            for run in runs.items
        ),
        asked.q, asked.state, asked.tag, asked.sort, asked.cursor, runs.next,
        tuple(shown if groups is None else groups.columns), tuple(offered(shown, facts)), asked.columns,
        COMFORTABLE if asked.rows == COMFORTABLE else "", store.count_runs(), error=error,
        unmeasured=store.count_unmeasured(), group=asked.group, grouped=groups,
    )  # fmt: skip
