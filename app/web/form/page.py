"""The form for a new run: filled in from a preset or a run, estimated while it is filled in, submitted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse

from app.contract.experiment import FieldError
from app.contract.preset import Preset
from app.contract.words import plural
from app.kinds.kind import FormLook
from app.kinds.presets import PRESETS
from app.kinds.registry import KINDS
from app.kinds.specs import EXPERIMENTS
from app.queue import Queue
from app.records import Run
from app.store import Store
from app.store.acting import in_project
from app.web.core.context import QueueDep, StoreDep
from app.web.core.form_data import FormDep
from app.web.core.page import page, shell
from app.web.core.problems import Invalid
from app.web.form import form as forms
from app.web.form.checks import Problem, about, checked, problems_of, split_tags
from app.web.form.estimates import Estimate, estimate_of
from app.web.form.fields import FormField, labels
from app.web.form.presets import presets
from app.web.form.several import Several, SweepForm, at_fields, plan_of, read, sweep_form
from app.web.submission.once import FIELD, of_form, token
from app.web.submission.priority import allowed, permitted
from app.web.submission.submit import extend as extend_run
from app.web.submission.submit import submit, trainable
from app.web.submission.sweep_submit import submit_sweep

router = APIRouter(include_in_schema=False)

CARDS = 3
"""Presets of a kind that are shown as cards; the others are links."""


@dataclass(frozen=True)
class NewPage:
    """The form and what is around it."""

    title: str
    kind: str
    kinds: tuple[tuple[str, str], ...]
    about_kind: str
    preset: str
    presets: tuple[Preset, ...]
    clones: Run | None
    extends: Run | None
    about: tuple[FormField, ...]
    sections: tuple[forms.Section, ...]
    form: FormLook
    repeatable: bool
    errors: Mapping[str, str]
    problems: tuple[Problem, ...]
    submission: str
    sweep: SweepForm | None = None

    @property
    def errors_in_words(self) -> str:
        """Return how many fields need another look."""
        return f"{plural(len(self.errors), 'field')} need{'s' if len(self.errors) == 1 else ''} to be corrected."


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
    """Return the form, filled in from a preset, the first one of a kind, a run to clone or one to extend.

    With a `ticket`, a hardware run of it alone.
    """
    source = store.run(extend or clone) if extend or clone else None
    if source is not None:
        about = {"name": f"{source.name} (copy)"[:200], "tags": ", ".join(source.tags), "notes": source.notes}
        data = forms.values(trainable(source)) | about
        kind = source.kind
        preset = ""
    else:
        of_kind = [item for item in PRESETS.values() if item.spec.kind == kind]
        chosen = PRESETS.get(preset) or next(iter(of_kind or PRESETS.values()))
        data = forms.values(chosen.spec) | {"name": chosen.title if preset else ""}
        kind, preset = chosen.spec.kind, chosen.name if preset else ""
        if ticket and "ticket" in EXPERIMENTS[kind].params.model_fields:
            data |= {"ticket": ticket, "layers": ""}
    new_page = _page(
        kind, data, {}, preset=preset, clones=None if extend else source, extends=source if extend else None
    )
    return _render(request, store, new_page, data)


@router.post("/new/estimate")
def estimate(request: Request, store: StoreDep, data: FormDep) -> HTMLResponse:
    """Return what the form describes as it is now: the live part next to it."""
    kind = data.get("kind", "")
    if kind not in EXPERIMENTS:
        return page(request, "form/_estimate.html", estimate=Estimate(lead="Pick an experiment."))
    base = store.run(data["extend"]) if data.get("extend") else None
    return page(request, "form/_estimate.html", estimate=estimate_of(store, kind, data, base))


@router.post("/new")
def create(request: Request, store: StoreDep, queue: QueueDep, data: FormDep) -> Any:
    """Submit: 303 to the run's page, or the same form again with 422 and an error at each bad field."""
    with in_project(store.project_to_fill(data.get("project", ""))):
        return _create(request, store, queue, data)


def _create(request: Request, store: Store, queue: Queue, data: Mapping[str, str]) -> Any:
    kind = data.get("kind", "")
    if kind not in EXPERIMENTS:
        kind = next(iter(EXPERIMENTS))
    base = store.run(data["extend"]) if data.get("extend") else None
    several = read(kind, data) if base is None else None
    if several is not None and several.wanted:
        return _create_sweep(request, store, queue, kind, data, several)
    spec, errors = checked(store, kind, data, base)
    if spec is not None and not errors:
        try:
            if base is not None:
                run = extend_run(store, queue, base.id, spec)
            else:
                run = submit(
                    store, queue, spec, name=data.get("name", "").strip(), tags=split_tags(data.get("tags", "")),
                    notes=data.get("notes", "").replace("\r\n", "\n"), once=of_form(data),
                    priority=permitted(request, data.get("priority") or "normal"),
                )  # fmt: skip
            return RedirectResponse(f"/runs/{run.id}", 303)
        except FieldError as error:
            errors = {forms.with_kinds(error.field, spec.model_dump()): error.message}
    shown = dict(data) if base is None else {**forms.values(trainable(base)), **data}
    new_page = _page(kind, shown, errors, extends=base)
    return _render(request, store, new_page, shown, status=422)


def _create_sweep(
    request: Request, store: Store, queue: Queue, kind: str, data: Mapping[str, str], several: Several
) -> Any:
    """Submit a sweep: 303 to its page, or the same form again with an error at each bad field."""
    spec, errors = checked(store, kind, several.data, None)
    errors = {**errors, **several.errors}
    if spec is not None and not errors:
        try:
            sweep = submit_sweep(
                store, queue, plan_of(spec, data, several.axes), name=data.get("name", "").strip(),
                tags=split_tags(data.get("tags", "")), notes=data.get("notes", "").replace("\r\n", "\n"),
                once=of_form(data), priority=permitted(request, data.get("priority") or "normal"),
            )  # fmt: skip
            return RedirectResponse(f"/sweeps/{sweep.id}", 303)
        except FieldError as error:
            errors = {error.field: error.message}
        except Invalid as refused:
            errors = at_fields(refused, spec, several)
    return _render(request, store, _page(kind, data, errors), data, status=422)


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
    about_ = about(data, errors)
    sweep = None if extends else sweep_form(kind, data, errors)
    fields = (*about_, *(field for section in sections for field in section.fields), *(sweep.fields if sweep else ()))
    order = [path for path, _ in labels(fields)]
    return NewPage(
        title="Extend the run" if extends else "New run",
        kind=kind,
        preset=preset,
        kinds=tuple((name, entry.title) for name, entry in EXPERIMENTS.items()),
        about_kind=EXPERIMENTS[kind].summary,
        presets=tuple(preset for preset in PRESETS.values() if preset.spec.kind == kind),
        clones=clones,
        extends=extends,
        about=about_,
        sections=tuple(sections),
        form=KINDS[kind].form,
        repeatable=getattr(EXPERIMENTS[kind].params, "repeatable", True),
        problems=problems_of((*about_, *(sweep.fields if sweep else ())), sections, errors),
        submission=data.get(FIELD) or token(),
        sweep=sweep,
        errors=dict(sorted(errors.items(), key=lambda item: order.index(item[0]) if item[0] in order else len(order))),
    )


def _render(
    request: Request, store: Store, new_page: NewPage, data: Mapping[str, str], status: int = 200
) -> HTMLResponse:
    estimate = estimate_of(store, new_page.kind, data, new_page.extends)
    # Cards until one is chosen: then the form shows its fields.
    new = not (new_page.preset or new_page.clones or new_page.extends or new_page.errors)
    cards = presets(store, new_page.kind)[:CARDS] if new else []
    return page(
        request, "form/new.html", status, page=new_page, estimate=estimate, shell=shell(store), cards=cards,
        priorities=allowed(request), priority=data.get("priority") or "normal",
        projects=store.projects_to_fill(), project=data.get("project", ""),
    )  # fmt: skip
