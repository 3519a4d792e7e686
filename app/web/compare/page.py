"""The page *Compare*: several runs in one figure, and a table of what differs among them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from app.contract.words import plural
from app.plotting.compared import LINES, ComparedEntry
from app.store import Snapshot
from app.web.board.columns import Column, column
from app.web.board.rows import Row, row, summaries
from app.web.compare.api import GroupBy, Ids, Search
from app.web.compare.selection import Selection, select
from app.web.core.context import SourcesDep
from app.web.core.page import edge, page
from app.web.run.cards import Card, Control, Part

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class ComparePage:
    """Runs side by side; `offered` are the fields that they can be grouped by, `notes` what a reader should know."""

    title: str
    rows: tuple[Row, ...]
    lines: tuple[tuple[str, str], ...]
    columns: tuple[Column, ...]
    cards: tuple[Card, ...]
    offered: tuple[Column, ...]
    group: str
    kept: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    following: bool = False


@router.get("/compare")
def compare(request: Request, sources: SourcesDep, runs: Ids = "", q: Search = "", group: GroupBy = "") -> HTMLResponse:
    """Several runs, named or found by a query."""
    with sources.now() as readers:
        store = readers.store
        # Ticked runs are those that are meant, whatever search they were found by.
        named = runs or ",".join(request.query_params.getlist("run"))
        chosen = select(store, named, q, group)
        texts = summaries(store, readers.reader, chosen.runs)
        kept = {"q": q} if q and not named else {"runs": ",".join(run.id for run in chosen.runs)}
        cards = tuple(_card(store, chosen, entry, {**kept, "group": group}) for entry in chosen.figures)
        return page(
            request,
            "compare/compare.html",
            page=ComparePage(
                title=f"{plural(len(chosen.runs), 'run')} compared",
                rows=tuple(row(run, texts[run.id], cells=chosen.cells[run.id]) for run in chosen.runs),
                lines=tuple((name, chosen.roles[name]) for name in chosen.groups),
                columns=chosen.columns,
                cards=cards,
                offered=tuple(
                    {each.path: each for each in (*chosen.columns, *([column(group)] if group else ()))}.values()
                ),
                group=column(group).path if group else "",
                kept=tuple(kept.items()),
                notes=tuple(_notes(chosen)),
            ),
            shell=edge(request, store),
        )


def _notes(chosen: Selection) -> list[str]:
    notes = []
    if len(chosen.kinds) > 1:
        notes.append("Runs of different kinds share no figure: each kind is compared by itself.")
    if chosen.runs and not chosen.figures:
        notes.append("Nothing of this kind of run is drawn together yet: the table says what differs.")
    if len(set(chosen.groups)) > LINES:
        notes.append(f"More than {LINES} lines share colours: group the runs by a field to tell them apart.")
    return notes


def _card(store: Snapshot, chosen: Selection, entry: ComparedEntry, query: dict[str, str]) -> Card:
    meta: Mapping[str, Any] = entry.draw(entry.info(chosen.lines(store, entry))).layout.meta
    address = f"/api/v1/compare/figures/{entry.name}"
    return Card(
        name=entry.name, title=entry.title, question=entry.question, tab="", size="big", action="/compare", src=address,
        csv=f"{address}?{urlencode({**query, 'format': 'csv'})}", defaults="", log="",
        touches=" ".join((*entry.series, "started", "changed", "failed", "finished")),
        controls=tuple(Control(name, name, "hidden", value) for name, value in query.items() if value),
        finding=tuple(Part(part["text"], part.get("role") or "") for part in meta.get("finding", ())),
        foot=meta.get("foot", ""), blank=bool(meta.get("blank")),
    )  # fmt: skip
