"""The page *Compare*: several runs in one figure, and a table of what differs among them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from app.contract.words import plural
from app.kinds.registry import KINDS, OF_ANY_RUNS
from app.live import MEASURES
from app.plotting.compared import ComparedEntry, Sheet
from app.plotting.run_columns import find
from app.plotting.words import glued
from app.store import Reads
from app.web.board.columns import Column, column
from app.web.board.rows import Row, row, summaries
from app.web.compare.answers import options_of, words
from app.web.compare.api import GroupBy, Ids, Search
from app.web.compare.controls import controls
from app.web.compare.notes import notes
from app.web.compare.pairings import pairing_forms
from app.web.compare.selection import Selection, select
from app.web.core.context import Readers, SourcesDep
from app.web.core.page import edge, page
from app.web.masks.pairing import PairingForm, pairing_chosen
from app.web.run.cards import Card, Control, Part

_LIVE = ("queued", "running", "cancelling")
# Any of these may change the spec or the state, which every figure may show.
_TOUCHES = ("started", "changed", "failed", "finished")
router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class ComparePage:
    """Runs side by side; `offered` are the fields that they can be grouped by, `notes` what a reader should know.

    `pairings` are forms for layers that only a reader can pair, by what is chosen so far as `pairing`.
    Each of the `cards` has the table under it. `baselines` are the runs, by id and name of their line, that others can
    be compared with, none where nothing is. `baseline` is the chosen one. `data` is the address of all of it as JSON,
    `csv` that of its table.
    """

    title: str
    rows: tuple[Row, ...]
    lines: tuple[tuple[str, str], ...]
    columns: tuple[Column, ...]
    cards: tuple[tuple[Card, Sheet | None], ...]
    offered: tuple[Column, ...]
    group: str
    baselines: tuple[tuple[str, str], ...]
    baseline: str
    ticked: tuple[str, ...]
    columns_offered: tuple[tuple[str, str, bool], ...]
    data: str
    csv: str
    q: str
    kept: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    parts: tuple[tuple[str, object], ...]
    styles: tuple[str, ...]
    pairings: tuple[PairingForm, ...]
    pairing: str
    following: bool = False

    @property
    def looks(self) -> dict[str, str]:
        """Return the role of the line of each run, which gives its name its colour."""
        return {row.id: role for row, (_, role) in zip(self.rows, self.lines, strict=True)}

    @property
    def sent(self) -> tuple[tuple[str, str], ...]:
        """Return all that the link of this page chooses."""
        own = (("group", self.group), ("baseline", self.baseline), ("columns", ",".join(self.ticked)))
        return (*self.kept, *((name, value) for name, value in own if value))


@router.get("/compare")
def compare(request: Request, sources: SourcesDep, runs: Ids = "", q: Search = "", group: GroupBy = "") -> HTMLResponse:
    """Return several runs, named or found by a query."""
    with sources.now() as readers:
        store = readers.store
        # Ticked runs are those that are meant, whatever search they were found by.
        named = runs or ",".join(request.query_params.getlist("run"))
        # Boxes that are ticked come one by one.
        columns = ",".join(filter(None, request.query_params.getlist("columns")))
        # Without a script, paired layers come one by one.
        pairing = pairing_chosen(request.query_params, request.query_params.getlist("pair"))
        query = {**request.query_params, "columns": columns, "pairing": pairing}
        asked_for = [item for entry in OF_ANY_RUNS for item in options_of(entry, query, every=False).columns_asked]
        chosen = select(store, named, q, group, columns, asked=asked_for, lenient=True)
        texts = summaries(store, readers.reader, chosen.runs)
        kept = {"q": q} if q and not named else {"runs": ",".join(run.id for run in chosen.runs)}
        asked = {**kept, "group": group}
        cards = tuple(compared_card(readers, chosen, entry, asked, query) for entry in chosen.figures)
        against = [options_of(entry, query, every=False) for entry in chosen.figures]
        fields = (*chosen.fields, *([column(group)] if group else ()))
        offered = tuple({field.path: field for field in fields}.values())
        ticked = [item for item in map(partial(find, chosen.values), columns.split(",")) if item is not None]
        baselines = chosen.lines if len(chosen.lines) > 1 and any(hasattr(item, "baseline") for item in against) else ()
        return page(
            request,
            "compare/compare.html",
            page=ComparePage(
                title=f"{plural(len(chosen.runs), 'run')} compared",
                rows=tuple(row(run, texts[run.id], cells=chosen.cells[run.id]) for run in chosen.runs),
                lines=tuple((name, chosen.roles[name]) for name in chosen.groups),
                columns=chosen.columns,
                cards=cards,
                offered=offered,
                group=column(group).path if group else "",
                baselines=baselines,
                baseline=chosen.line_of(query.get("baseline", "")),
                ticked=tuple(item.path for item in ticked),
                columns_offered=chosen.offered,
                data=f"/api/v1/compare?{urlencode(asked)}",
                q="" if named else q,
                csv=f"/api/v1/compare?{urlencode({**asked, 'columns': columns, 'format': 'csv'})}",
                kept=(*kept.items(), *_options(chosen, query)),
                notes=tuple(notes(chosen, columns)),
                parts=_parts(store, chosen, query),
                styles=tuple(dict.fromkeys(path for part in chosen.kind_parts for path in part.styles)),
                pairings=pairing_forms(readers.reader, chosen.runs, pairing),
                pairing=pairing,
                following=any(run.state in _LIVE for run in chosen.runs),
            ),
            shell=edge(request, store),
        )


def _options(chosen: Selection, query: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return what a link chooses of figures and parts, besides what the form at the top has fields for."""
    of_figures = [name for entry in chosen.figures for name in entry.options.model_fields]
    names = dict.fromkeys([*of_figures, *(name for part in chosen.kind_parts for name in part.query)])
    return [(name, query[name]) for name in names if query.get(name) and name not in ("columns", "baseline")]


def _parts(store: Reads, chosen: Selection, query: Mapping[str, str]) -> tuple[tuple[str, object], ...]:
    """Return templates and contents of what kinds show besides figures."""
    parts = []
    for kind in chosen.kinds:
        part = KINDS[kind].compared_part
        if part is not None:
            mine = [run for run in chosen.runs if run.kind == kind]
            parts.append((part.template, part.load(store, mine, query)))
    return tuple(parts)


def compared_card(
    readers: Readers, chosen: Selection, entry: ComparedEntry, asked: dict[str, str], query: Mapping[str, str]
) -> tuple[Card, Sheet | None]:
    """Return the card of a figure with the table under it; `asked` is what its link says of the runs."""
    options = options_of(entry, query, every=False)
    said, sheet = words(readers, chosen, entry, options)
    address = f"/api/v1/compare/figures/{entry.name}"
    default = entry.options().model_dump(mode="json")
    values = {name: value for name, value in options.model_dump(mode="json").items() if value != default[name]}
    measures = (MEASURES,) if entry in OF_ANY_RUNS else ()
    card = Card(
        name=entry.name, title=said.title, question=entry.question, tab="",
        size=said.size or "big", action="/compare", src=address,
        csv=f"{address}?{urlencode({**asked, **values, 'format': 'csv'})}",
        defaults=urlencode({**asked, **default}), log="",
        touches=" ".join((*entry.series, *entry.artifacts, *_TOUCHES, *measures)),
        controls=(
            *(Control(name, name, "hidden", value) for name, value in asked.items() if value),
            *controls(entry, options, chosen),
        ),
        finding=tuple(Part(glued(part).text, part.role or "") for part in said.finding),
        foot=said.foot, blank=said.blank and not any(run.state in _LIVE for run in chosen.runs),
    )  # fmt: skip
    return card, sheet
