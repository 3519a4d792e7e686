"""What a submitted form is refused for, and what people write on a run."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from app.contract.experiment import Experiment, FieldError
from app.pictures.check import check_picture
from app.records import Run
from app.store import Store
from app.store.labels import check_name, check_notes, check_tags
from app.web.form import form as forms
from app.web.form.fields import FormField, html_id, labels
from app.web.submission.submit import check_tickets, trainable

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


def split_tags(text: str) -> list[str]:
    """Return tags as typed: separated by commas, empty ones dropped."""
    return [tag.strip() for tag in text.split(",") if tag.strip()]


def about(
    data: Mapping[str, str], errors: Mapping[str, str], help_of: Mapping[str, str] = ABOUT_HELP
) -> tuple[FormField, ...]:
    """Return the fields of what people write on a run, in the order of `help_of`."""
    return tuple(
        FormField(name, "text", help_, value=data.get(name, ""), error=errors.get(name, ""), label=name.capitalize())
        for name, help_ in help_of.items()
    )


def checked(
    store: Store, kind: str, data: Mapping[str, str], base: Run | None
) -> tuple[Experiment | None, dict[str, str]]:
    """Return the spec that the form describes, and everything that a submission would refuse, by path."""
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


def problems_of(
    about_: Sequence[FormField], sections: Sequence[forms.Section], errors: Mapping[str, str]
) -> tuple[Problem, ...]:
    """Return the errors in the order of the form, each with the label of its field."""
    fields = (*about_, *(field for section in sections for field in section.fields))
    known = dict(labels(fields))
    paths = [path for path in known if path in errors] + [path for path in errors if path not in known]
    return tuple(Problem(html_id(path), known.get(path, path), errors[path]) for path in paths)
