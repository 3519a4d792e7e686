"""The page *Hardware*: the newest measurements of this lab's machines, or an invitation to measure."""

from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from app.contract.preset import Preset
from app.kinds.hardware.kind import KIND as HARDWARE
from app.kinds.presets import PRESETS
from app.records import Run
from app.store import Reads, Snapshot
from app.store.errors import NotFound
from app.web.core.context import Readers, SourcesDep
from app.web.core.live_parts import known_parts
from app.web.core.page import edge, page
from app.web.core.words import ago
from app.web.run.cards import Card, cards_of
from app.web.submission.once import token

router = APIRouter(include_in_schema=False)

PRESET = "hardware-lenet"
# How many runs the page looks through for one that has measured something, and links to.
RECENT = 12


@dataclass(frozen=True)
class Other:
    """Another hardware run, in words."""

    id: str
    name: str
    device: str
    age: str
    state: str
    current: bool


@dataclass(frozen=True)
class HardwarePage:
    """The run that is shown and its figures, if there is one; `others` are the newest runs, this one among them."""

    run: Run | None
    device: str
    cards: tuple[Card, ...]
    others: tuple[Other, ...]
    preset: Preset
    submission: str


@router.get("/hardware")
def hardware(request: Request, sources: SourcesDep) -> HTMLResponse:
    """Render the hardware run that `run` names; without a name, the newest that has measured something."""
    with sources.now() as readers:
        return _render(request, readers)


def _render(request: Request, readers: Readers) -> HTMLResponse:
    store = readers.store
    query = dict(request.query_params)
    recent = store.runs(kind="hardware", limit=RECENT).items
    shown = _named(store, query["run"]) if query.get("run") else _newest(store, recent)
    chosen = shown.id if shown else ""
    lean = known_parts(request) is not None
    hardware_page = HardwarePage(
        run=shown,
        device=_device(shown) if shown else "",
        cards=tuple(cards_of(readers.figures, shown, HARDWARE.tabs[0], query, lean=lean)) if shown else (),
        others=tuple(
            Other(run.id, run.name, _device(run), ago(run.created_at), run.state, run.id == chosen) for run in recent
        ),
        preset=PRESETS[PRESET],
        submission=token(),
    )
    return page(request, "hardware/hardware.html", page=hardware_page, shell=edge(request, store))


def _named(store: Reads, run_id: str) -> Run:
    """Return the hardware run of an address. Raises NotFound for any other."""
    run = store.run(run_id)
    if run.kind != "hardware":
        raise NotFound(f"run {run_id} is not a hardware run")
    return run


def _newest(store: Snapshot, runs: tuple[Run, ...]) -> Run | None:
    store.read_ahead([run.id for run in runs], ["hardware"])
    return next((run for run in runs if len(store.series(run.id, "hardware"))), None)


def _device(run: Run) -> str:
    """Return the processor or GPU by its name, once a worker has reported it."""
    return str(run.provenance.get("device_name") or f"a {run.experiment.device.upper()}, not yet known")
