"""The page of one run: its head, and one of its tabs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse

from app.contract.experiment import FieldError
from app.kinds.kind import Tab as KindTab
from app.kinds.registry import KINDS
from app.kinds.ticket_tabs import MASKS, OVERLAP
from app.queue import Queue
from app.records import Run
from app.web.comments.shown import Discussion, discussion
from app.web.core.context import QueueDep, Readers, SourcesDep, StoreDep
from app.web.core.form_data import FormDep
from app.web.core.live_parts import known_parts
from app.web.core.page import edge, page
from app.web.form.checks import ABOUT_HELP, about, split_tags
from app.web.form.form import FormField
from app.web.masks.overlap import OverlapPage, across_default, overlap_page
from app.web.masks.page import MasksPage, masks_page
from app.web.masks.pairing import pairing_chosen
from app.web.repeats.again import NEWEST, Relation, again, relations
from app.web.repeats.spec_page import SpecPage, spec_page
from app.web.run.cards import Card, cards_of
from app.web.run.head import Head, head
from app.web.run.live_level import has_levels, newest_level
from app.web.run.log_lines import Log, log_of
from app.web.run.progress import counted, ended
from app.web.run.verdicts import VerdictTable, verdict_table
from app.web.submission.once import of_form
from app.web.submission.submit import announce

router = APIRouter(include_in_schema=False)

# What every kind of run has besides the tabs of its own.
SPEC = KindTab("spec", "Spec", template="run/spec.html", series=("layers",), with_artifacts=True, with_starts=True)
LOG = KindTab("log", "Log", template="run/log.html")


@dataclass(frozen=True)
class Tab:
    """A link to a view of the run; the options of the view come along."""

    key: str
    title: str
    href: str


@dataclass(frozen=True)
class RunPage:
    """Everything the template of a run shows; what belongs to another tab is None.

    `following` is set where a live run has levels to choose: "on" while the newest one is shown.
    """

    head: Head
    tab: str
    template: str
    tabs: tuple[Tab, ...]
    about: tuple[FormField, ...]
    edit_errors: Mapping[str, str]
    relations: tuple[Relation, ...]
    cards: tuple[Card, ...] = ()
    following: Literal["", "on", "off"] = ""
    newest: int | None = None
    verdict: VerdictTable | None = None
    masks: MasksPage | None = None
    overlap: OverlapPage | None = None
    kept: tuple[tuple[str, str], ...] = ()
    view: object = None
    styles: tuple[str, ...] = ()
    spec: SpecPage | None = None
    log: Log | None = None
    talk: Discussion | None = None


@router.get("/runs/{run_id}")
def run_page(request: Request, run_id: str, sources: SourcesDep, queue: QueueDep) -> HTMLResponse:
    """Return a run, under the tab and with the options that the address names."""
    with sources.now() as readers:
        return _render(request, readers, queue, run_id, {})


@router.get("/runs/{run_id}/edit")
def edited(run_id: str) -> RedirectResponse:
    """Return the address a refused edit leaves the reader at: the way back to the run."""
    return _back(run_id)


@router.post("/runs/{run_id}/edit")
def edit(request: Request, run_id: str, sources: SourcesDep, queue: QueueDep, data: FormDep) -> Any:
    """Rename, tag, annotate; on a mistake the page again with 422, nothing typed lost."""
    try:
        run = sources.store.update_run(
            run_id, name=data.get("name"), tags=split_tags(data.get("tags", "")),
            notes=data.get("notes", "").replace("\r\n", "\n"),
        )  # fmt: skip
    except FieldError as error:
        with sources.now() as readers:
            return _render(request, readers, queue, run_id, {error.field: error.message}, data)
    queue.wake(run.id, run.last_seq)
    return _back(run_id)


@router.post("/runs/{run_id}/cancel")
def cancel(run_id: str, store: StoreDep, queue: QueueDep) -> RedirectResponse:
    """Stop a run."""
    run = store.cancel_run(run_id)
    queue.wake(run.id, run.last_seq)
    return _back(run_id)


@router.post("/runs/{run_id}/resume")
def resume(run_id: str, store: StoreDep, queue: QueueDep) -> RedirectResponse:
    """Go on with a run that was cancelled or failed."""
    announce(store, queue, store.resume_run(run_id))
    return _back(run_id)


@router.post("/runs/{run_id}/again")
def run_again(run_id: str, store: StoreDep, queue: QueueDep, data: FormDep) -> RedirectResponse:
    """Submit the same spec once more, and show the new run."""
    return _back(again(store, queue, store.run(run_id), of_form(data)).id)


@router.post("/runs/{run_id}/bin")
def discard(run_id: str, store: StoreDep, queue: QueueDep) -> RedirectResponse:
    """Move a run to the bin."""
    run = store.bin_run(run_id)
    queue.wake(run.id, run.last_seq)
    return RedirectResponse(f"/?binned={run.id}", 303)


@router.post("/runs/{run_id}/restore")
def restore(run_id: str, store: StoreDep, queue: QueueDep) -> RedirectResponse:
    """Take a run out of the bin."""
    run = store.restore_run(run_id)
    queue.wake(run.id, run.last_seq)
    return _back(run_id)


@router.post("/runs/{run_id}/purge")
def purge(run_id: str, store: StoreDep) -> RedirectResponse:
    """Delete a binned run for good."""
    store.purge_run(run_id)
    return RedirectResponse("/bin?purged=1", 303)


def _back(run_id: str) -> RedirectResponse:
    return RedirectResponse(f"/runs/{run_id}", 303)


def _render(
    request: Request,
    readers: Readers,
    queue: Queue,
    run_id: str,
    errors: Mapping[str, str],
    typed: Mapping[str, str] | None = None,
) -> HTMLResponse:
    query = dict(request.query_params)
    # Without a script, ticked boxes and paired layers come one by one.
    if ticked := list(filter(None, request.query_params.getlist("ticket"))):
        query["tickets"] = ",".join(ticked)
    if pairs := request.query_params.getlist("pair"):
        query["pairing"] = pairing_chosen(query, pairs)
    for name in ("ticket", "pair", "pair_of", "uncommented"):
        query.pop(name, None)
    store = readers.store
    run = store.relatives(run_id, NEWEST).run
    tabs = {tab.key: tab for tab in (*KINDS[run.kind].tabs, SPEC, LOG) if tab.wanted(run)}
    tab = tabs.get(query.get("tab", ""), next(iter(tabs.values())))
    # The browser fetches again and again the live parts of a page that it has: it has the figures too.
    known = known_parts(request)
    lean = known is not None
    series = {*tab.series, counted(run)} - {""}
    store.read_together(run.id, series, with_artifacts=tab.with_artifacts, with_starts=tab.with_starts)
    broker = run.state != "queued" or queue.alive()
    workers = store.workers() if run.state == "queued" else []
    refusals = store.refusals(run.id) if run.state in ("queued", "running") else []
    written = typed or {"name": run.name, "tags": ", ".join(run.tags), "notes": run.notes}
    parts: dict[str, Any] = {}
    if not lean:
        parts["talk"] = discussion(request, store, run.notes, run_id=run.id)
    asked = query
    live = run.state in ("queued", "running", "cancelling")
    # A page that has followed a run to its end fetches once more its last level.
    if (live or lean) and has_levels(tab):
        newest = newest_level(store, run, tab) if tab is not MASKS else None
        parts |= {"following": "off" if "level" in query or not live else "on", "newest": newest}
        if tab is not MASKS:
            query = {"level": str(newest or 0), **query}
    if tab is MASKS:
        parts["masks"] = masks = masks_page(readers.reader, run, query)
        # The figures below show the level, layer and replicate of the matrix.
        query = {**query, "level": str(masks.level), "layer": masks.layer}
        if "following" in parts:
            parts["newest"] = masks.last_level
    if tab is OVERLAP:
        query = {**query, "across": across_default(readers.reader, run, query)}
        parts["overlap"] = overlap_page(readers.reader, run, query)
    if tab.figures:
        parts["cards"] = tuple(cards_of(readers.figures, run, tab, query, lean=lean))
        parts["verdict"] = verdict_table(readers.reader, run, query) if tab.key == "curves" else None
    elif tab.load is not None:
        parts["view"] = tab.load(store, run, query)
    elif tab is SPEC:
        parts["spec"] = spec_page(store, run, str(request.base_url).rstrip("/"))
    elif known is None or "asked" in known:
        before = query.get("before", "")
        # Ten digits hold any seq; Python refuses to read thousands of them.
        is_seq = before.isdecimal() and len(before) <= 10
        parts["log"] = log_of(store, run, before=int(before) if is_seq else None, everything=query.get("all") == "1")
    return page(
        request,
        "run/run.html",
        422 if errors else 200,
        shell=edge(request, store),
        page=RunPage(
            head=head(run, workers, refusals, broker=broker, ended=ended(store, run)),
            tab=tab.key,
            styles=tab.styles,
            template="" if tab is LOG and "log" not in parts else tab.template,
            tabs=tuple(Tab(key, tab.title, _href(run, key, asked)) for key, tab in tabs.items()),
            about=about(written, errors, ABOUT_HELP | {"name": "A question makes a good name."}),
            edit_errors=errors,
            relations=relations(store, run),
            kept=tuple(query.items()),
            **parts,
        ),
    )


def _href(run: Run, tab: str, query: Mapping[str, str]) -> str:
    kept = {key: value for key, value in query.items() if key not in ("tab", "before", "all")}
    return f"/runs/{run.id}?{urlencode({'tab': tab, **kept})}"
