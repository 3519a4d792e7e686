"""The pages: the board, and those around it; every one whole without a script."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Annotated
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Query, Request
from markdown_it import MarkdownIt
from markupsafe import Markup, escape
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse

from app.contract.experiment import FieldError
from app.files import DOCS
from app.kinds.presets import PRESETS
from app.records import WorkerInfo
from app.store import Reads, Store
from app.store.errors import NotFound
from app.store.labels import NAME_LENGTH
from app.store.listing import not_understood
from app.store.workers import Held
from app.web.core.context import QueueDep, SourcesDep, StoreDep
from app.web.core.glossary import terms
from app.web.core.words import ago, plural
from app.web.form import page as pages_new
from app.web.form.page import FormDep
from app.web.run import page as pages_run
from app.web.run.api import Cursor, Short
from app.web.submission.cost import Here
from app.web.submission.submit import submit
from app.web.views import Row, edge, page, row, shell, summaries
from app.web.workers.loads import gauges, machines, troubles

router = APIRouter(include_in_schema=False)
router.include_router(pages_new.router)
router.include_router(pages_run.router)

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
    syntax: str = "model:lenet tag:paper"

    @property
    def filtered(self) -> bool:
        """Whether the table may leave out runs."""
        return bool(self.q or self.state or self.tag or self.cursor)

    @property
    def as_written(self) -> list[str]:
        """Words of the search that look like operators, which are looked for as they are written."""
        return not_understood(self.q)

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


@dataclass(frozen=True)
class PresetCard:
    """A preset with what it costs here."""

    name: str
    title: str
    paper: str
    link: str
    claim: str
    differs: str
    cost: str


@dataclass(frozen=True)
class Notice:
    """Something that has just been done; `restore` is the run that can be brought back."""

    text: str
    restore: str = ""


@router.get("/")
def board(
    request: Request,
    sources: SourcesDep,
    q: Annotated[str, Query(max_length=NAME_LENGTH)] = "",
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
        except FieldError:  # an old link: the board without what it cannot do
            sort, cursor = "-created_at", ""
            found = store.runs(q=q, limit=LIMIT)
        now = datetime.now(UTC)
        texts = summaries(store, readers.reader, found.items)
        rows = tuple(row(run, texts[run.id], now) for run in found.items)
        known, cards = store.workers(), presets(store)
        return page(
            request, "board.html", board=Board(rows, q, state, tag, sort, cursor, found.next), presets=cards[:3],
            more_presets=len(cards) if len(cards) > 3 else 0, machines=machines(known), troubles=troubles(known),
            shell=edge(request, store), notice=_binned(store, binned),
        )  # fmt: skip


@router.get("/presets")
def preset_page(request: Request, store: StoreDep) -> HTMLResponse:
    """All presets."""
    return page(request, "presets.html", presets=presets(store), shell=shell(store))


@router.post("/presets/{name}/run")
def run_preset(name: str, store: StoreDep, queue: QueueDep) -> RedirectResponse:
    """Submit a preset as it is."""
    preset = PRESETS.get(name)
    if preset is None:
        raise NotFound(f"there is no preset {name}")
    run = submit(store, queue, preset.spec, name=preset.title)
    return RedirectResponse(f"/runs/{run.id}", 303)


@router.get("/workers")
def workers(request: Request, store: StoreDep, queue: QueueDep) -> HTMLResponse:
    """Who works on what, and what waits."""
    with store.snapshot() as now:
        known, made = now.workers(), shell(now)
        held = now.held({run for worker in known for run in worker.busy})
        queued = now.queue_length()
    names = {each.run: each.name for each in held}
    lines = [
        {
            "id": worker.id,
            "state": _state(worker),
            "trouble": worker.trouble,
            "alive": worker.alive,
            "queue": worker.queue,
            "device": worker.device,
            "slots": worker.slots,
            "busy": [(run, names.get(run, run), _parts(held, run, worker.id)) for run in dict.fromkeys(worker.busy)],
            "gauges": gauges(worker.load) if worker.alive and worker.load is not None else (),
            "versions": ", ".join(f"{key} {value}" for key, value in worker.versions.items()),
            "seen": ago(worker.seen_at),
        }
        for worker in known
    ]
    waiting = {key: count for key, count in queued.items() if count}
    told = ", ".join(f"{plural(count, 'replicate')} for {_whom(key)}" for key, count in waiting.items())
    return page(
        request, "workers.html", workers=lines, machines=machines(known), troubles=troubles(known),
        alive=made.alive, broker=queue.alive(), shell=made,
        queue=f"Waiting: {told}." if told else "The queue is empty.",
    )  # fmt: skip


@router.get("/bin")
def bin_page(request: Request, store: StoreDep, cursor: Cursor = "", purged: int = 0) -> HTMLResponse:
    """Deleted runs."""
    found = store.runs(binned=True, limit=LIMIT, cursor=cursor or None)
    notice = Notice(f"{plural(purged, 'run')} deleted for good.") if purged else None
    return page(
        request, "bin.html", rows=[row(run) for run in found.items], next=found.next, notice=notice,
        count=plural(len(found.items), "run") if not found.next else "All runs in the bin", shell=shell(store),
    )  # fmt: skip


@router.post("/bin/empty")
def empty_bin(store: StoreDep) -> RedirectResponse:
    """Purge every run in the bin."""
    return RedirectResponse(f"/bin?purged={store.empty_bin()}", 303)


@router.get("/protocol")
def protocol(request: Request, store: StoreDep) -> HTMLResponse:
    """How things are measured: docs/protocol.md."""
    return _document(request, store, "protocol", "Protocol")


@router.get("/glossary")
def glossary(request: Request, store: StoreDep) -> HTMLResponse:
    """What words mean here: docs/glossary.md."""
    return _document(request, store, "glossary", "Glossary")


@router.post("/theme")
def theme(request: Request, data: FormDep) -> RedirectResponse:
    """Remember the theme in a cookie, so that the server sends the page in it; `system` forgets."""
    try:
        address = urlsplit(request.headers.get("referer", "/"))
    except ValueError:  # no browser sends such a thing
        address = urlsplit("/")
    # One slash: an address that starts with two would lead to another site.
    path = "/" + address.path.lstrip("/")
    answer = RedirectResponse(f"{path}?{address.query}" if address.query else path, 303)
    if data.get("theme") in ("light", "dark"):
        answer.set_cookie("theme", data["theme"], max_age=365 * 86_400, samesite="lax")
    else:
        answer.delete_cookie("theme", samesite="lax")
    return answer


def presets(store: Reads) -> list[PresetCard]:
    """All presets, with what they would cost on the workers that run now."""
    here = Here.now(store)
    return [
        PresetCard(each.name, each.title, each.paper, each.link, each.claim, each.differs, here.short(each.spec))
        for each in PRESETS.values()
    ]


def _binned(store: Reads, run_id: str) -> Notice | None:
    if not run_id:
        return None
    try:
        run = store.run(run_id)
    except NotFound:
        return None
    return Notice(f"“{run.name}” is in the bin.", run.id) if run.deleted_at else None


def _state(worker: WorkerInfo) -> str:
    if not worker.alive:
        return "no contact"
    return "busy" if worker.busy else "accepts no work" if worker.trouble else "idle"


def _parts(held: Sequence[Held], run_id: str, worker: str) -> list[str]:
    """How far each replicate of a run has come that a worker has in hand."""
    mine = (each for each in held if (each.run, each.worker) == (run_id, worker))
    return [", ".join(filter(None, (f"replicate {each.replicate}", each.note))) for each in mine]


def _whom(queue: str) -> str:
    return "any worker" if queue == "any" else f"a {queue} worker"


def _document(request: Request, store: Store, name: str, title: str) -> HTMLResponse:
    return page(request, "document.html", title=title, html=_html(name), shell=shell(store))


@cache
def _html(name: str) -> Markup:
    path = DOCS / f"{name}.md"
    if not path.is_file():
        raise HTTPException(404, f"This installation has no {path.name}.")
    text = re.sub(r"\]\((\w+)\.md\)", r"](\1)", path.read_text("utf-8"))
    # Our own file, and `html=False` escapes any markup in it all the same.
    html = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    if name == "glossary":
        for term in terms():
            words = escape(", ".join(term.words))
            html = html.replace(f"<tr>\n<td>{words}</td>", f'<tr id="row-{term.anchor}">\n<td>{words}</td>')
    return Markup(html)  # noqa: S704
