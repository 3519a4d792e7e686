"""The form for a new run: filled in from a preset or a run, estimated while it is filled in, submitted."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse

from app.contract.experiment import Experiment, FieldError
from app.contract.preset import Preset
from app.contract.words import plural
from app.kinds.kind import FormLook
from app.kinds.presets import PRESETS
from app.kinds.registry import KINDS
from app.kinds.specs import EXPERIMENTS
from app.pictures.check import check_picture
from app.records import Run
from app.store import Store
from app.store.labels import check_name, check_notes, check_tags
from app.web.core.context import QueueDep, StoreDep
from app.web.core.form_data import FormDep
from app.web.core.page import page, shell
from app.web.form import form as forms
from app.web.form.fields import FormField, html_id, labels
from app.web.submission.cost import Here
from app.web.submission.start import start
from app.web.submission.submit import check_tickets, submit, trainable
from app.web.submission.submit import extend as extend_run

router = APIRouter(include_in_schema=False)

ABOUT_HELP = {
    "name": "A question makes a good name. If empty, the run is named after its model and data set.",
    "tags": "Tags, comma-separated.",
    "notes": "Why you run it and what you expect.",
}


@dataclass(frozen=True)
class Problem:
    """What is wrong with a field: its HTML `id`, its `label` and the rest of the sentence."""

    id: str
    label: str
    message: str


@dataclass(frozen=True)
class Estimate:
    """What a spec comes to in words, or what is wrong with it; `lead` is said where nothing can be estimated."""

    trainings: str = ""
    noun: str = ""
    formula: str = ""
    growth: str = ""
    outlook: str = ""
    time: str = ""
    queue: str = ""
    lead: str = ""
    problems: tuple[Problem, ...] = ()


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
    about: tuple[FormField, ...]
    sections: tuple[forms.Section, ...]
    form: FormLook
    repeatable: bool
    errors: Mapping[str, str]
    problems: tuple[Problem, ...]

    @property
    def errors_in_words(self) -> str:
        """How many fields need another look."""
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
        if ticket and "ticket" in EXPERIMENTS[kind].params.model_fields:
            data |= {"ticket": ticket, "layers": ""}
    made = _page(kind, data, {}, preset=preset, clones=None if extend else source, extends=source if extend else None)
    return _render(request, store, made, data)


@router.post("/new/estimate")
def estimate(request: Request, store: StoreDep, data: FormDep) -> HTMLResponse:
    """What the form asks for as it is now: the live part beside it."""
    kind = data.get("kind", "")
    if kind not in EXPERIMENTS:
        return page(request, "form/_estimate.html", estimate=Estimate(lead="Pick an experiment."))
    base = store.run(data["extend"]) if data.get("extend") else None
    return page(request, "form/_estimate.html", estimate=_estimate(store, kind, data, base))


@router.post("/new")
def create(request: Request, store: StoreDep, queue: QueueDep, data: FormDep) -> Any:
    """Submit: 303 to the run's page, or the same form again with 422 and an error at each bad field."""
    kind = data.get("kind", "")
    if kind not in EXPERIMENTS:
        kind = next(iter(EXPERIMENTS))
    base = store.run(data["extend"]) if data.get("extend") else None
    spec, errors = _checked(store, kind, data, base)
    if spec is not None and not errors:
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
) -> tuple[FormField, ...]:
    """The fields of what people write on a run, in the order of `help_of`."""
    return tuple(
        FormField(name, "text", help_, value=data.get(name, ""), error=errors.get(name, ""), label=name.capitalize())
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
    about_ = about(data, errors)
    order = [path for path, _ in labels((*about_, *(field for section in sections for field in section.fields)))]
    return NewPage(
        title="Extend the run" if extends else "New run",
        kind=kind,
        preset=preset,
        kinds=tuple((each, entry.title) for each, entry in EXPERIMENTS.items()),
        about_kind=EXPERIMENTS[kind].summary,
        presets=tuple(preset for preset in PRESETS.values() if preset.spec.kind == kind),
        clones=clones,
        extends=extends,
        about=about_,
        sections=tuple(sections),
        form=KINDS[kind].form,
        repeatable=getattr(EXPERIMENTS[kind].params, "repeatable", True),
        problems=_problems(about_, sections, errors),
        errors=dict(sorted(errors.items(), key=lambda item: order.index(item[0]) if item[0] in order else len(order))),
    )


def _render(
    request: Request, store: Store, new_page: NewPage, data: Mapping[str, str], status: int = 200
) -> HTMLResponse:
    told = _estimate(store, new_page.kind, data, new_page.extends)
    return page(request, "form/new.html", status, page=new_page, estimate=told, shell=shell(store))


def _checked(
    store: Store, kind: str, data: Mapping[str, str], base: Run | None
) -> tuple[Experiment | None, dict[str, str]]:
    """The spec that the form asks for, and everything that a submission would refuse, by path."""
    spec, errors = forms.parse(kind, data, trainable(base) if base else None)
    checks: list[Callable[[], object]] = []
    if base is None:
        if name := data.get("name", "").strip():
            checks.append(lambda: check_name(name))
        checks.append(lambda: check_tags(split_tags(data.get("tags", ""))))
        checks.append(lambda: check_notes(data.get("notes", "").replace("\r\n", "\n")))
    if spec is not None:
        checks.append(lambda: check_picture(spec))
        checks.append(lambda: check_tickets(store, spec))
    for check in checks:
        try:
            check()
        except FieldError as error:
            path = forms.with_kinds(error.field, spec.model_dump()) if spec else error.field
            errors.setdefault(path, error.message)
    return spec, errors


def _problems(
    about_: Sequence[FormField], sections: Sequence[forms.Section], errors: Mapping[str, str]
) -> tuple[Problem, ...]:
    """The errors in the order of the form, each with the label of its field."""
    fields = (*about_, *(field for section in sections for field in section.fields))
    known = dict(labels(fields))
    paths = [path for path in known if path in errors] + [path for path in errors if path not in known]
    return tuple(Problem(html_id(path), known.get(path, path), errors[path]) for path in paths)


def _estimate(store: Store, kind: str, data: Mapping[str, str], base: Run | None) -> Estimate:
    spec, errors = _checked(store, kind, data, base)
    problems = _problems(about(data, errors), forms.build(kind, data, errors), errors) if errors else ()
    if spec is None:
        return Estimate(lead="Nothing to estimate yet:", problems=problems)
    count, noun = spec.work
    kept = trainable(base).work[0] if base else 0
    more = count - kept
    here = Here.now(store)
    return Estimate(
        trainings=f"{count:,}",
        noun=noun if count == 1 else f"{noun}s",
        formula=f"= {spec.formula}",
        growth=f"{kept:,} kept, {more:,} more" if base else "",
        outlook=spec.outlook,
        time=here.sentence(spec, more / count),
        queue=start(store, spec, here.workers, here.speeds),
        problems=problems,
    )
