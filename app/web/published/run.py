"""A run as a published link shows it: its name, its state and its figures."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import Request
from starlette.responses import HTMLResponse

from app.kinds.kind import Tab
from app.kinds.registry import FIGURES, KINDS
from app.kinds.ticket_tabs import OVERLAP
from app.plotting.tickets.overlap_view import OverlapOptions
from app.records import Run
from app.store.errors import NotFound
from app.web.core.columns import Format
from app.web.core.context import Readers
from app.web.core.figures import Answer
from app.web.core.page import page
from app.web.published.opened import Opened, Shown
from app.web.run.cards import Card, cards_of, file_name
from app.web.run.head import Head, head
from app.web.run.verdicts import VerdictTable, verdict_table


@dataclass(frozen=True)
class PublishedRun:
    """What the template shows; `tabs` are key, title and address of each view.

    The rest has the names that templates of a run's own page use, where they are set.
    """

    head: Head
    tab: str
    tabs: tuple[tuple[str, str, str], ...]
    cards: tuple[Card, ...]
    verdict: VerdictTable | None
    following: str = ""
    masks: None = None


def tabs_of(run: Run) -> dict[str, Tab]:
    """Return the views of figures by key; not that of overlap, whose figures read other runs."""
    tabs = KINDS[run.kind].tabs
    return {tab.key: tab for tab in tabs if tab.figures and tab is not OVERLAP and tab.wanted(run)}


def run_page(request: Request, opened: Opened, readers: Readers) -> HTMLResponse:
    """Return the page of a published run."""
    run = readers.store.run(opened.link.runs[0])
    query = opened.query(request)
    tabs = tabs_of(run)
    tab = tabs.get(query.get("tab", ""), next(iter(tabs.values()), None))
    cards = cards_of(readers.figures, run, tab, query) if tab is not None else []
    kept = {name: value for name, value in query.items() if name != "tab"}
    shown = PublishedRun(
        head=head(run, [], [], broker=True),
        tab=tab.key if tab is not None else "",
        tabs=tuple(
            (key, view.title, f"{opened.address}?{urlencode({'tab': key, **kept})}") for key, view in tabs.items()
        ),
        cards=tuple(map(opened.moved, cards)),
        verdict=verdict_table(readers.reader, run, query) if tab is not None and tab.key == "curves" else None,
    )
    return page(request, "published/run.html", page=shown, published=opened, linked=False)


def run_figure(
    readers: Readers, opened: Opened, name: str, options: Mapping[str, str], form: Format
) -> tuple[Answer, str]:
    """Return a figure of a published run. Raises NotFound, Invalid for a bad option."""
    run_id = opened.link.runs[0]
    entry = FIGURES.get(name)
    if entry is None or issubclass(entry.options, OverlapOptions):
        raise NotFound(f"there is no figure {name!r} here")
    return readers.figures.answer(run_id, name, options, form), file_name(run_id, entry, options)


RUN = Shown(run_page, run_figure)
