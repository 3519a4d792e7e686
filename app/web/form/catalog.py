"""What a run can consist of: kinds, methods, presets and figures."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from app.contract.entry import Entry
from app.contract.preset import Preset
from app.estimate import estimate_seconds, spread
from app.kinds.presets import PRESETS
from app.kinds.registry import FIGURES, kinds_of
from app.kinds.specs import EXPERIMENTS, Submitted
from app.methods.catalog import CATALOG
from app.web.core.context import StoreDep
from app.web.submission.cost import Here

router = APIRouter(tags=["catalog"])


class CatalogEntry(BaseModel):
    """One available component; `params` is the JSON schema of its parameters, with ranges, units and help."""

    name: str
    title: str
    summary: str
    source: str
    params: dict[str, Any]


class FigureInfo(BaseModel):
    """One figure; `options` is the JSON schema of its query parameters."""

    name: str
    title: str
    question: str
    kinds: tuple[str, ...]
    options: dict[str, Any]


class Catalog(BaseModel):
    """Everything that a spec can name, group by group, and the figures that can be drawn of it."""

    experiments: list[CatalogEntry]
    rooms: dict[str, list[CatalogEntry]]
    figures: list[FigureInfo]


class Cost(BaseModel):
    """Expected wall-clock seconds on the workers that run now; None when unknown, and `basis` gives the reason.

    Nine in ten of the last estimates like it were within `error_factor` of what came of them; None while there are
    fewer than five. `trainings` counts networks, or what else a run of the kind consists of; `steps` the units of its
    progress.
    """

    seconds: float | None
    basis: str
    error_factor: float | None
    trainings: int
    steps: int


class PresetInfo(BaseModel):
    """A filled-in spec: what the paper claims, what this run does otherwise, and what it costs here."""

    name: str
    title: str
    paper: str
    link: str
    claim: str
    differs: str
    spec: Submitted
    cost: Cost


class Presets(BaseModel):
    """All presets."""

    items: list[PresetInfo]
    next: None = None


def _entry(entry: Entry) -> CatalogEntry:
    return CatalogEntry(
        name=entry.name,
        title=entry.title,
        summary=entry.summary,
        source=entry.source,
        params=entry.params.model_json_schema(),
    )


@router.get("/catalog")
def get_catalog() -> Catalog:
    """Return experiment kinds, data sets, models, optimizers, schedules, pruning methods, controls and figures."""
    return Catalog(
        experiments=[_entry(entry) for entry in EXPERIMENTS.values()],
        rooms={room: [_entry(entry) for entry in entries.values()] for room, entries in CATALOG.items()},
        figures=[
            FigureInfo(
                name=entry.name,
                title=entry.title,
                question=entry.question,
                kinds=kinds_of(entry.name),
                options=entry.options.model_json_schema(),
            )
            for entry in FIGURES.values()
        ],
    )


@router.get("/presets")
def get_presets(store: StoreDep) -> Presets:
    """Return specs by name, each the evidence for or against one claim of one paper."""
    here = Here.now(store)
    return Presets(items=[_preset(preset, here) for preset in PRESETS.values()])


def _preset(preset: Preset, here: Here) -> PresetInfo:
    spec = preset.spec
    seconds, basis = estimate_seconds(spec, here.speeds, here.slots(spec))
    error = spread(spec, here.timings)
    steps = spec.replicates * spec.units_per_replicate
    return PresetInfo(
        name=preset.name,
        title=preset.title,
        paper=preset.paper,
        link=preset.link,
        claim=preset.claim,
        differs=preset.differs,
        spec=spec,
        cost=Cost(
            seconds=seconds,
            basis=basis,
            error_factor=None if error is None else error.factor,
            trainings=spec.work[0],
            steps=steps,
        ),
    )
