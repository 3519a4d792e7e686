"""A comparison as a published link shows it: its runs by name, what differs among them, and its figures."""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import Request
from starlette.responses import HTMLResponse

from app.contract.words import plural
from app.kinds.registry import COMPARED, OF_ANY_RUNS
from app.plotting.compared import Sheet
from app.store.errors import NotFound
from app.web.board.columns import Column
from app.web.board.rows import Row, row, summaries
from app.web.compare.answers import answer, options_of
from app.web.compare.page import compared_card
from app.web.compare.selection import select
from app.web.core.columns import Format
from app.web.core.context import Readers
from app.web.core.figures import Answer
from app.web.core.page import page
from app.web.published.opened import Opened, Shown
from app.web.run.cards import Card


@dataclass(frozen=True)
class PublishedComparison:
    """What the template shows; `lines` are the name and the look of the line of each run."""

    title: str
    rows: tuple[Row, ...]
    lines: tuple[tuple[str, str], ...]
    columns: tuple[Column, ...]
    cards: tuple[tuple[Card, Sheet | None], ...]
    group: str
    following: str = ""
    masks: None = None


def comparison_page(request: Request, opened: Opened, readers: Readers) -> HTMLResponse:
    """Return the page of a published comparison."""
    query = opened.query(request)
    store, runs = readers.store, ",".join(opened.link.runs)
    group, columns = query.get("group", ""), query.get("columns", "")
    asked = [name for entry in OF_ANY_RUNS for name in options_of(entry, query, every=False).columns_asked]
    chosen = select(store, runs, "", group, columns, asked=asked)
    texts = summaries(store, readers.reader, chosen.runs)
    kept = {"runs": runs, "group": group}
    cards = [compared_card(readers, chosen, entry, kept, query) for entry in chosen.figures]
    shown = PublishedComparison(
        title=f"{plural(len(chosen.runs), 'run')} compared",
        rows=tuple(row(run, texts[run.id], cells=chosen.cells[run.id]) for run in chosen.runs),
        lines=tuple((name, chosen.roles[name]) for name in chosen.groups),
        columns=chosen.columns,
        cards=tuple((opened.moved(card), sheet) for card, sheet in cards),
        group=group,
    )
    return page(request, "published/comparison.html", page=shown, published=opened, linked=False)


def comparison_figure(
    readers: Readers, opened: Opened, name: str, options: Mapping[str, str], form: Format
) -> tuple[Answer, str]:
    """Return a figure of a published comparison. Raises NotFound, Invalid for a bad option."""
    entry = COMPARED.get(name)
    if entry is None:
        raise NotFound(f"there is no figure {name!r} here")
    own = {key: value for key, value in options.items() if key != "group"}
    chosen_options = options_of(entry, own, every=True)
    chosen = select(
        readers.store, ",".join(opened.link.runs), "", options.get("group", ""),
        asked=chosen_options.columns_asked, described=entry in OF_ANY_RUNS,
    )  # fmt: skip
    return answer(readers, chosen, entry, chosen_options, form), f"compare-{name}"


COMPARISON = Shown(comparison_page, comparison_figure)
