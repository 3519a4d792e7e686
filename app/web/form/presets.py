"""Presets as cards with what they cost here, and their submission as they are."""

from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse

from app.kinds.presets import PRESETS
from app.store import Reads
from app.store.errors import NotFound
from app.web.core.context import QueueDep, StoreDep
from app.web.core.form_data import FormDep
from app.web.core.page import page, shell
from app.web.submission.cost import Here
from app.web.submission.once import of_form, token
from app.web.submission.submit import submit

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class PresetCard:
    """A preset with what it costs here; `submission` is the key of its form on this page."""

    name: str
    title: str
    paper: str
    link: str
    claim: str
    differs: str
    cost: str
    submission: str


@router.get("/presets")
def preset_page(request: Request, store: StoreDep) -> HTMLResponse:
    """Return all presets."""
    return page(request, "form/presets.html", presets=presets(store), shell=shell(store))


@router.post("/presets/{name}/run")
def run_preset(name: str, store: StoreDep, queue: QueueDep, data: FormDep) -> RedirectResponse:
    """Submit a preset as it is; pressed twice on one page, once."""
    preset = PRESETS.get(name)
    if preset is None:
        raise NotFound(f"there is no preset {name}")
    run = submit(store, queue, preset.spec, name=preset.title, once=of_form({**data, "preset": name}))
    return RedirectResponse(f"/runs/{run.id}", 303)


def presets(store: Reads, kind: str | None = None) -> list[PresetCard]:
    """Return the presets of a kind, or of all, with what they would cost on the workers that run now."""
    here = Here.now(store)
    return [
        PresetCard(
            item.name, item.title, item.paper, item.link, item.claim, item.differs, here.short(item.spec), token()
        )
        for item in PRESETS.values()
        if kind in (None, item.spec.kind)
    ]
