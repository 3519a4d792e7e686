"""A form in which fields have several values: a sweep in place of a run."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from pydantic import ValidationError

from app.contract.experiment import Experiment, FieldError
from app.contract.refusals import refusal
from app.kinds.registry import KINDS
from app.sweeps.axes import Axis
from app.sweeps.fields import place
from app.sweeps.plan import Budget, Plan, Pruner, Sampler, Stop
from app.sweeps.typed import axis, several
from app.web.core.problems import Invalid
from app.web.form import form as forms
from app.web.form.fields import FormField

NAMES = tuple(
    f"sweep.{name}" for name in ("sampler", "objective", "more", "seed", *Budget.model_fields, *Stop.model_fields)
)


@dataclass(frozen=True)
class Several:
    """What a form describes besides a spec: `data` is the form of the base, with one value in each field."""

    data: dict[str, str]
    axes: dict[str, Axis]
    errors: dict[str, str]
    fields: dict[str, str]
    """The field of the form in which the values of each axis were typed."""

    @property
    def wanted(self) -> bool:
        """Return whether a sweep is requested, well or badly."""
        return bool(self.axes or self.errors)


def read(kind: str, data: Mapping[str, str]) -> Several:
    """Return the fields with several values of a form, and the form with the first of each."""
    sweep = Several(dict(data), {}, {}, {})
    for field in _fields([field for section in forms.build(kind, data, {}) for field in section.fields]):
        text, listed = data.get(field.path, ""), field.numeric == "text"
        if field.widget == "text" and not field.path.startswith("picture") and several(text, listed=listed):
            _add(sweep, field.path, text, listed=listed)
    for line in filter(None, (line.strip() for line in data.get("sweep.more", "").splitlines())):
        name, equals, text = (part.strip() for part in line.partition("="))
        if not equals or not text:
            sweep.errors["sweep.more"] = f"must have lines such as mode = iterative, one_shot, not {line[:60]}"
        elif name in sweep.axes:
            sweep.errors["sweep.more"] = f"gives {name} its values a second time: one field has one axis"
        else:
            _add(sweep, name, text, listed=";" in text, at="sweep.more")
    _components(kind, sweep)
    return sweep


def plan_of(spec: Experiment, data: Mapping[str, str], axes: Mapping[str, Axis]) -> Plan:
    """Return the sweep of a form. Raises FieldError."""
    try:
        sampler = Sampler.model_validate(
            {"kind": data.get("sweep.sampler") or "grid", "seed": data.get("sweep.seed", "").strip() or 0}
        )
    except ValidationError as error:
        first = error.errors()[0]
        name = "seed" if "seed" in first["loc"] else "sampler"
        raise FieldError(f"sweep.{name}", refusal(first)) from None
    return Plan(
        spec=spec.model_dump(mode="json"),
        axes=dict(axes),
        sampler=sampler,
        objective=data.get("sweep.objective", ""),
        budget=part_of(Budget, data, "sweep"),
        stop=part_of(Stop, data, "sweep"),
        pruner=_pruner(data),
    )


def _pruner(data: Mapping[str, str]) -> Pruner:
    try:
        return Pruner.model_validate({"kind": data.get("sweep.pruner") or "none"})
    except ValidationError as error:
        raise FieldError("sweep.pruner", refusal(error.errors()[0])) from None


Part = TypeVar("Part", Budget, Stop)


def part_of(part: type[Part], data: Mapping[str, str], prefix: str) -> Part:
    """Return the budget or the stop rules that fields of a form name, with 95 % as 0.95. Raises FieldError."""
    given = {name: _share(data.get(f"{prefix}.{name}", "").strip()) or None for name in part.model_fields}
    try:
        return part.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        raise FieldError(f"{prefix}.{first['loc'][0]}", refusal(first)) from None


def _share(text: str) -> str:
    if not text.endswith("%"):
        return text
    try:
        return f"{float(text[:-1]) / 100:.10g}"
    except ValueError:
        return text


@dataclass(frozen=True)
class SweepForm:
    """The part of a form that makes a sweep of it: how values are chosen, what for, how many, and further fields."""

    sampler: str
    objective: str
    objectives: tuple[tuple[str, str], ...]
    pruner: str
    pruner_error: str
    fields: tuple[FormField, ...]
    more: FormField
    open: bool


def sweep_form(kind: str, data: Mapping[str, str], errors: Mapping[str, str]) -> SweepForm:
    """Return that part, holding `data` and showing `errors`."""
    more = FormField(
        "sweep.more", "text", "Fields that are chosen rather than typed, one on each line: mode = iterative, one_shot.",
        label="More fields with several values", value=data.get("sweep.more", ""), error=errors.get("sweep.more", ""),
    )  # fmt: skip
    return SweepForm(
        data.get("sweep.sampler") or "grid",
        data.get("sweep.objective", ""),
        tuple((objective.name, objective.title) for objective in KINDS[kind].objectives),
        data.get("sweep.pruner") or "none",
        errors.get("sweep.pruner", ""),
        about(kind, data, errors),
        more,
        bool(read(kind, data).wanted or any(name in errors for name in NAMES)),
    )


def at_fields(refused: Invalid, spec: Experiment, several: Several) -> dict[str, str]:
    """Return what is wrong with a sweep by the fields of its form."""
    base = spec.model_dump(mode="json")
    typed_ = {_canonical(base, path): field for path, field in several.fields.items()} | several.fields
    by_field: dict[str, str] = {}
    for error in refused.errors:
        path, message = error.path.removeprefix("axes."), error.message
        if path == "axes":
            field = next(iter(several.fields.values()), "sweep.more")
        elif path in ("objective", "sampler") or path.startswith(("budget.", "stop.")):
            field = f"sweep.{path.rpartition('.')[2]}"
        elif path.startswith("pruner"):
            field = "sweep.pruner"
        elif path in typed_:
            field = typed_[path]
        else:
            field = path if path in several.data else "sweep.more"
        by_field.setdefault(field, f"{path} {message}" if field == "sweep.more" else message)
    return by_field


def _canonical(base: Mapping[str, Any], path: str) -> str:
    try:
        return place(base, path).path
    except FieldError:
        return path


def about(_kind: str, data: Mapping[str, str], errors: Mapping[str, str]) -> tuple[FormField, ...]:
    """Return the fields of a sweep that are of no spec."""
    return tuple(
        replace(item, value=data.get(item.path, item.value), error=errors.get(item.path, "")) for item in _ABOUT
    )


_ABOUT = (
    FormField("sweep.runs", "text", "No more runs than these are started; random and adaptive search need it.",
              label="At most", unit="runs", numeric="numeric"),
    FormField("sweep.hours", "text", "No run is started once workers have held runs of the sweep for so long.",
              label="Or at most", unit="hours", numeric="decimal"),
    FormField("sweep.at_once", "text", "Runs that wait or run at once; if empty, 4 where later ones depend on others, "
              "else all.", label="At once", unit="runs", numeric="numeric"),
    FormField("sweep.target", "text", "No run is started once one has reached this objective; a share as 0.95 or 95 %.",
              label="Stop at", numeric="decimal"),
    FormField("sweep.patience", "text", "No run is started once so many runs in a row, in the order of the sweep, have "
              "not improved the objective.", label="Stop without improvement in", unit="runs", numeric="numeric"),
    FormField("sweep.seed", "text", "The same seed draws the same values.", label="Seed of the search", value="0",
              numeric="numeric"),
)  # fmt: skip


def _add(several: Several, path: str, text: str, *, listed: bool, at: str = "") -> None:
    try:
        parsed = axis(text, listed=listed)
    except FieldError as error:
        several.errors[at or path] = f"{path + ' ' if at else ''}{error.message}"
        return
    several.axes[path], several.fields[path] = parsed, at or path
    if not at:
        ends = parsed.range or parsed.log_range
        first = parsed.values[0] if parsed.values is not None else ends.low if ends is not None else ""
        several.data[path] = ", ".join(map(str, first)) if isinstance(first, list | tuple) else str(first)


def _components(kind: str, several: Several) -> None:
    """Give components that are named alone the settings that the form has for them."""
    for path, parsed in several.axes.items():
        if parsed.values is not None and several.fields[path] == "sweep.more" and path in several.data:
            specs = [forms.parse(kind, {**several.data, path: str(value)})[0] for value in parsed.values]
            dumped = [spec.model_dump(mode="json").get(path) for spec in specs if spec is not None]
            if len(dumped) == len(specs) and all(isinstance(value, dict) for value in dumped):
                several.axes[path] = Axis(values=tuple(dumped))


def _fields(fields: Sequence[FormField]) -> Iterator[FormField]:
    """Yield the fields that a form reads: of choices, those that are chosen."""
    for field in fields:
        yield field
        for option in field.options:
            if option.chosen:
                yield from _fields(option.fields)
