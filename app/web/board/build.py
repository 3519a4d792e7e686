"""The board that an address describes: the runs of a search, or groups of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple, get_args

from app.atlas.reader import Reader
from app.contract.experiment import FieldError
from app.records import Page, State
from app.search.facts import Fact
from app.store import Snapshot
from app.web.board.columns import PRIORITY, cells, chosen, named, offered, titles, unknown
from app.web.board.groups import Grouped, grouped
from app.web.board.rows import row, summaries
from app.web.board.view import COMFORTABLE, LIMIT, NEWEST, Board
from app.web.core.words import short


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


class _Listed(NamedTuple):
    """Runs or groups, and the runs whose fields are offered as columns."""

    runs: Page = Page(items=(), next=None)
    groups: Grouped | None = None
    ids: Sequence[str] = ()


_PLAIN = {"sort": "the order", "cursor": "the place in the list", "group": "the grouping", "tag": "the tag"}
"""Parts of an address without which a board can be shown, by name."""


def build(store: Snapshot, reader: Reader, asked: Asked) -> Board:
    """Return the board.

    A search that cannot be read finds nothing; a link gives the board without what means nothing, and says so.
    """
    asked, notes = _plain(asked)
    error = ""
    while True:
        try:
            listed = _listed(store, asked)
            break
        except FieldError as wrong:
            # What cannot be read is left out, and said; a link without it is read again.
            if wrong.field not in _PLAIN:
                error, listed = wrong.message, _Listed()
                break
            notes.append(f"{_PLAIN[wrong.field].capitalize()} {wrong.message}.")
            asked = replace(asked, **{wrong.field: getattr(Asked(), wrong.field)})
    runs, groups, ids = listed
    if asked.unfold is not None and groups is not None and all(row.key != asked.unfold for row in groups.rows):
        notes.append(f"There is no group “{short(asked.unfold)}” here.")
    facts = store.facts(ids, [item.path for item in named(asked.columns)])
    for run in runs.items:
        facts[run.id] = [Fact(PRIORITY, text=run.priority), *facts[run.id]]
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
        unmeasured=store.count_unmeasured(), group=asked.group, grouped=groups, notes=tuple(notes),
        matching=runs.total or 0,
    )  # fmt: skip


def _plain(asked: Asked) -> tuple[Asked, list[str]]:
    """Return what is asked for without values that mean nothing, and a sentence for each of those."""
    notes = []
    states = get_args(State)
    if asked.state and asked.state not in states:
        notes.append(f"There is no state “{short(asked.state)}”: it must be one of {', '.join(states)}.")
        asked = replace(asked, state="")
    if asked.rows and asked.rows != COMFORTABLE:
        notes.append(f"Rows can be {COMFORTABLE} or compact, not “{short(asked.rows)}”.")
        asked = replace(asked, rows="")
    if wrong := unknown(asked.columns):
        notes.append(wrong)
        asked = replace(asked, columns=",".join(item.path for item in named(asked.columns)))
    return asked, notes


def _listed(store: Snapshot, asked: Asked) -> _Listed:
    if not asked.group:
        runs = store.runs(**asked.which, sort=asked.sort, limit=LIMIT, cursor=asked.cursor or None)
        return _Listed(runs, None, [run.id for run in runs.items])
    groups = grouped(
        store, asked.group, asked.unfold, q=asked.q, state=asked.state, tag=asked.tag, choice=asked.columns,
        sort=asked.sort,
    )  # fmt: skip
    # Of these runs only the fields are offered as columns.
    return _Listed(Page(items=(), next=None), groups, store.newest(LIMIT, **asked.which))
