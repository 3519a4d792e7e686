"""The form for a new run: filled in from a preset or a run, estimated while it is filled in, submitted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import HTMLResponse, RedirectResponse

from app.contract.presets import PRESETS, Preset
from app.contract.records import Run
from app.contract.specs import EXPERIMENTS, FieldError
from app.store import Store
from app.web import forms
from app.web.context import QueueDep, StoreDep
from app.web.cost import Here
from app.web.submit import extend as extend_run
from app.web.submit import submit, trainable
from app.web.views import page, shell
from app.web.words import plural

router = APIRouter(include_in_schema=False)

ABOUT_HELP = {
    "name": "A question is a good name. Left empty, the run is named after its model and data set.",
    "tags": "Words to find it by, separated by commas.",
    "notes": "Why you run it, what you expect.",
}


async def form_data(request: Request) -> dict[str, str]:
    """The fields of a submitted form; of a name that comes twice, the last (a ticked box after its hidden `off`)."""
    return {name: value for name, value in (await request.form()).multi_items() if isinstance(value, str)}


FormDep = Annotated[Mapping[str, str], Depends(form_data)]


@dataclass(frozen=True)
class Estimate:
    """What a spec asks for in words, or why that cannot be told yet."""

    trainings: str = ""
    noun: str = ""
    formula: str = ""
    growth: str = ""
    time: str = ""
    problem: str = ""


@dataclass(frozen=True)
class NewPage:
    """The form and what stands around it."""

    title: str
    kind: str
    kinds: tuple[tuple[str, str], ...]
    about_kind: str
    preset: str
    presets: tuple[Preset, ...]
    clones: Run | None
    extends: Run | None
    about: tuple[forms.FormField, ...]
    sections: tuple[forms.Section, ...]
    errors: Mapping[str, str]

    @property
    def errors_in_words(self) -> str:
        """How many fields need another look."""
        return f"{plural(len(self.errors), 'field')} need{'s' if len(self.errors) == 1 else ''} another look."

    @property
    def error_links(self) -> list[tuple[str, str, str]]:
        """Path, HTML id and message of each error, in the order of the form."""
        return [(path, "f-" + path.replace(".", "-"), message) for path, message in self.errors.items()]


@router.get("/erasure")
def erasure(request: Request, store: StoreDep) -> HTMLResponse:
    """The erasure studio: the form of a new run, for a picture."""
    return new(request, store, kind="erasure")


@router.get("/new")
def new(
    request: Request,
    store: StoreDep,
    kind: str = "",
    preset: str = "",
    clone: str = "",
    extend: str = "",
    ticket: str = "",
) -> HTMLResponse:
    """The form, filled in from a preset, from the first one of a kind, from a run to clone or from one to extend.

    With a `ticket`, a hardware run of it alone.
    """
    source = store.run(extend or clone) if extend or clone else None
    if source is not None:
        about = {"name": f"{source.name} (copy)"[:200], "tags": ", ".join(source.tags), "notes": source.notes}
        data = forms.values(trainable(source)) | about
        kind = source.kind
        preset = ""
    else:
        of_kind = [each for each in PRESETS.values() if each.spec.kind == kind]
        chosen = PRESETS.get(preset) or next(iter(of_kind or PRESETS.values()))
        data = forms.values(chosen.spec) | {"name": chosen.title if preset else ""}
        kind, preset = chosen.spec.kind, chosen.name if preset else ""
        if ticket and kind == "hardware":
            data |= {"ticket": ticket, "layers": ""}
    made = _page(kind, data, {}, preset=preset, clones=None if extend else source, extends=source if extend else None)
    return _render(request, store, made, data)


@router.post("/new/estimate")
def estimate(request: Request, store: StoreDep, data: FormDep) -> HTMLResponse:
    """What the form asks for as it is now: the live part beside it."""
    kind = data.get("kind", "")
    if kind not in EXPERIMENTS:
        return page(request, "_estimate.html", estimate=Estimate(problem="Pick an experiment."))
    base = store.run(data["extend"]) if data.get("extend") else None
    return page(request, "_estimate.html", estimate=_estimate(store, kind, data, base))


@router.post("/new")
def create(request: Request, store: StoreDep, queue: QueueDep, data: FormDep) -> Any:
    """Submit: 303 to the run's page, or the same form again with 422 and an error at each bad field."""
    kind = data.get("kind", "")
    if kind not in EXPERIMENTS:
        kind = next(iter(EXPERIMENTS))
    base = store.run(data["extend"]) if data.get("extend") else None
    spec, errors = forms.parse(kind, data, trainable(base) if base else None)
    if spec is not None:
        try:
            if base is not None:
                run = extend_run(store, queue, base.id, spec)
            else:
                run = submit(
                    store, queue, spec, name=data.get("name", "").strip(), tags=split_tags(data.get("tags", "")),
                    notes=data.get("notes", "").replace("\r\n", "\n"),
                )  # fmt: skip
            return RedirectResponse(f"/runs/{run.id}", 303)
        except FieldError as error:
            errors = {forms.with_kinds(error.field, spec.model_dump()): error.message}
    shown = dict(data) if base is None else {**forms.values(trainable(base)), **data}
    made = _page(kind, shown, errors, extends=base)
    return _render(request, store, made, shown, status=422)


def split_tags(text: str) -> list[str]:
    """Tags as typed: separated by commas, empty ones dropped."""
    return [tag.strip() for tag in text.split(",") if tag.strip()]


def about(
    data: Mapping[str, str], errors: Mapping[str, str], help_of: Mapping[str, str] = ABOUT_HELP
) -> tuple[forms.FormField, ...]:
    """The fields of what people write on a run, in the order of `help_of`."""
    return tuple(
        forms.FormField(name, "text", help_, value=data.get(name, ""), error=errors.get(name, ""))
        for name, help_ in help_of.items()
    )


def _page(
    kind: str,
    data: Mapping[str, str],
    errors: Mapping[str, str],
    *,
    preset: str = "",
    clones: Run | None = None,
    extends: Run | None = None,
) -> NewPage:
    sections = forms.build(kind, data, errors, extend=extends is not None)
    order = [*ABOUT_HELP, *forms.paths(sections)]
    return NewPage(
        title="Extend the run" if extends else "New run",
        kind=kind,
        preset=preset,
        kinds=tuple((each, entry.title) for each, entry in EXPERIMENTS.items()),
        about_kind=EXPERIMENTS[kind].summary,
        presets=tuple(preset for preset in PRESETS.values() if preset.spec.kind == kind),
        clones=clones,
        extends=extends,
        about=about(data, errors),
        sections=tuple(sections),
        errors=dict(sorted(errors.items(), key=lambda item: order.index(item[0]) if item[0] in order else len(order))),
    )


def _render(request: Request, store: Store, made: NewPage, data: Mapping[str, str], status: int = 200) -> HTMLResponse:
    told = _estimate(store, made.kind, data, made.extends)
    return page(request, "new.html", status, page=made, estimate=told, shell=shell(store))


def _estimate(store: Store, kind: str, data: Mapping[str, str], base: Run | None) -> Estimate:
    spec, errors = forms.parse(kind, data, trainable(base) if base else None)
    if spec is None:
        path, message = next(iter(errors.items()))
        return Estimate(problem=f"{path} {message}")
    count, noun = spec.work
    kept = trainable(base).work[0] if base else 0
    more = count - kept
    return Estimate(
        trainings=f"{count:,}",
        noun=noun if count == 1 else f"{noun}s",
        formula=f"= {spec.formula}",
        growth=f"{kept:,} kept, {more:,} more" if base else "",
        time=Here.now(store).sentence(spec, more / count),
    )
