"""Forms from a spec's JSON schema and back: the schema is pydantic's, so a new knob needs no line here.

A field's name in the form is its dotted path, with the chosen kind as one part of it (`optimizer.adam.lr`): the path
that pydantic reports in an error. Every alternative is in the page, its fields under its own name, so that changing a
choice loses nothing and needs no script.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, TypeAlias

from pydantic import ValidationError

from app.contract.catalog import CATALOG, Entry
from app.contract.specs import EXPERIMENTS, Experiment, FieldError
from app.web.words import plural

Widget: TypeAlias = Literal["text", "switch", "one_of", "many_of", "choice", "choices"]
Schema: TypeAlias = dict[str, Any]

# Headings open at a field and hold all that follow, up to the next: an unlisted field needs no entry.
_SECTIONS = {
    "picture": "Picture",
    "dataset": "Data and model",
    "optimizer": "Training",
    "optimizers": "Optimizers",
    "pruning": "Pruning",
    "branches": "Controls",
    "sparse_training": "Arithmetic",
    "layers": "What is timed",
    "formats": "How it is held and timed",
    "replicates": "Repetition",
}

# Errors of one element that leave a list no list of numbers.
_UNREADABLE = frozenset({"missing", "float_parsing", "int_parsing", "int_from_float", "tuple_type"})


@dataclass(frozen=True)
class Option:
    """One value of a choice; `fields` are the knobs it brings along."""

    value: str
    title: str
    help: str
    source: str
    chosen: bool
    fields: tuple["FormField", ...] = ()


@dataclass(frozen=True)
class FormField:
    """One input: its dotted `path`, what it means, what it holds and what is wrong with it."""

    path: str
    widget: Widget
    help: str
    unit: str = ""
    range: str = ""
    value: str = ""
    error: str = ""
    numeric: Literal["decimal", "numeric", "text"] = "text"
    options: tuple[Option, ...] = ()

    @property
    def name(self) -> str:
        """The field's own name, the last part of its path."""
        return self.path.rsplit(".", 1)[-1]

    @property
    def id(self) -> str:
        """An HTML id made of the path."""
        return "f-" + self.path.replace(".", "-")


@dataclass(frozen=True)
class Section:
    """Fields that are read together under one heading."""

    title: str
    fields: tuple[FormField, ...]


def _kind(kind: str) -> type[Experiment]:
    made = EXPERIMENTS[kind].params
    assert issubclass(made, Experiment)  # noqa: S101 (the registry holds nothing else)
    return made


@cache
def schema(kind: str) -> Schema:
    """JSON schema of an experiment kind's spec. Raises KeyError on an unknown kind."""
    return EXPERIMENTS[kind].params.model_json_schema()


def values(spec: Experiment) -> dict[str, str]:
    """The spec as form values by path; a field that the spec does not use is absent."""
    flat: dict[str, str] = {}
    root = schema(spec.kind)
    _flatten(spec.model_dump(mode="json"), root, root, "", flat)
    return flat


def parse(
    kind: str, data: Mapping[str, str], base: Experiment | None = None
) -> tuple[Experiment | None, dict[str, str]]:
    """The spec that a submitted form asks for, or the errors by path; exactly one of them is filled.

    With `base`, only the fields that may grow are read from `data`; the others stay as they are in `base`.
    """
    root = schema(kind)
    raw = {"kind": kind, **_collect(root, root, "", data)}
    if base is not None:
        raw = {**base.model_dump(mode="json"), **{name: raw[name] for name in base.grows if name in raw}}
    try:
        spec = _kind(kind).model_validate(raw)
    except ValidationError as error:
        # Of several errors at one path the first counts, and paths stay in the order of the form.
        blamed = dict(_blame(item, raw, root) for item in reversed(error.errors()))
        return None, dict(reversed(blamed.items()))
    if base is not None and (field := spec.extends(base)):
        return None, {field: "may only grow: what is there already is kept"}
    if base == spec:
        return None, {"replicates": "or another field must grow: the run does all of this already"}
    return spec, {}


def build(kind: str, data: Mapping[str, str], errors: Mapping[str, str], *, extend: bool = False) -> list[Section]:
    """The form's sections, holding `data` and showing `errors`; with `extend` only what may grow."""
    root = schema(kind)
    sections: list[tuple[str, list[FormField]]] = [("Experiment", [])]
    grows = _kind(kind).grows
    for field in _fields(root, root, "", data, errors):
        if title := _SECTIONS.get(field.path):
            sections.append((title, []))
        if not extend or field.path in grows:
            sections[-1][1].append(field)
    return [Section(title, tuple(fields)) for title, fields in sections if fields]


def paths(sections: Sequence[Section]) -> list[str]:
    """The paths of all fields in the order in which a reader meets them."""

    def walk(fields: Iterable[FormField]) -> Iterator[str]:
        for field in fields:
            yield field.path
            for option in field.options:
                yield from walk(option.fields)

    return [path for section in sections for path in walk(section.fields)]


def _alternatives(prop: Schema, root: Schema) -> dict[str, Schema]:
    """Kind -> schema of its parameters, in the catalog's order; empty when `prop` is no choice."""
    found = (root["$defs"][ref["$ref"].rsplit("/", 1)[-1]] for ref in prop.get("oneOf", ()))
    return {alternative["properties"]["kind"]["const"]: alternative for alternative in found}


def _entries(kinds: Mapping[str, Schema]) -> Mapping[str, Entry]:
    return next(room for room in CATALOG.values() if room.keys() == kinds.keys())


def _own(node: Schema) -> Mapping[str, Schema]:
    return {name: prop for name, prop in node["properties"].items() if name != "kind"}


def _flatten(value: Mapping[str, Any], node: Schema, root: Schema, prefix: str, flat: dict[str, str]) -> None:
    for name, prop in _own(node).items():
        path, item = prefix + name, value[name]
        if one := _alternatives(prop, root):
            flat[path] = item["kind"]
            _flatten(item, one[item["kind"]], root, f"{path}.{item['kind']}.", flat)
        elif many := _alternatives(prop.get("items", {}), root):
            chosen = {each["kind"]: each for each in item}
            for kind, alternative in many.items():
                flat[f"{path}.{kind}"] = "on" if kind in chosen else "off"
                if kind in chosen:
                    _flatten(chosen[kind], alternative, root, f"{path}.{kind}.", flat)
        elif names := prop.get("items", {}).get("enum"):
            flat |= {f"{path}.{each}": "on" if each in item else "off" for each in names}
        else:
            flat[path] = _text(item)


def _collect(node: Schema, root: Schema, prefix: str, data: Mapping[str, str]) -> dict[str, Any]:
    raw: dict[str, Any] = {}
    for name, prop in _own(node).items():
        path = prefix + name
        if one := _alternatives(prop, root):
            if kind := data.get(path):
                inner = _collect(one[kind], root, f"{path}.{kind}.", data) if kind in one else {}
                raw[name] = {"kind": kind, **inner}
        elif many := _alternatives(prop.get("items", {}), root):
            raw[name] = [
                {"kind": kind, **_collect(alternative, root, f"{path}.{kind}.", data)}
                for kind, alternative in many.items()
                if data.get(f"{path}.{kind}") == "on"
            ]
        elif names := prop.get("items", {}).get("enum"):
            if any(f"{path}.{each}" in data for each in names):
                raw[name] = [each for each in names if data.get(f"{path}.{each}") == "on"]
        elif path in data:
            text = data[path].strip()
            if prop.get("type") == "boolean":
                raw[name] = text == "on"
            else:
                raw[name] = text.replace(",", " ").split() if prop.get("type") == "array" else text
    return raw


def _fields(
    node: Schema, root: Schema, prefix: str, data: Mapping[str, str], errors: Mapping[str, str]
) -> list[FormField]:
    fields = []
    for name, prop in _own(node).items():
        path, default = prefix + name, prop.get("default")
        help_, error = prop.get("description", ""), errors.get(prefix + name, "")
        if one := _alternatives(prop, root):
            chosen = data.get(path) or (default or {}).get("kind") or next(iter(one))
            options = tuple(
                Option(kind, entry.title, entry.summary, entry.source, kind == chosen,
                       tuple(_fields(one[kind], root, f"{path}.{kind}.", data, errors)))
                for kind, entry in _entries(one).items()
            )  # fmt: skip
            fields.append(FormField(path, "choice", help_, value=chosen, error=error, options=options))
        elif many := _alternatives(prop.get("items", {}), root):
            options = tuple(
                Option(kind, entry.title, entry.summary, entry.source, data.get(f"{path}.{kind}") == "on",
                       tuple(_fields(many[kind], root, f"{path}.{kind}.", data, errors)))
                for kind, entry in _entries(many).items()
            )  # fmt: skip
            fields.append(FormField(path, "choices", help_, error=error, options=options))
        elif names := prop.get("items", {}).get("enum"):
            options = tuple(
                Option(each, each.replace("_", " "), "", "", data.get(f"{path}.{each}") == "on") for each in names
            )
            fields.append(FormField(path, "many_of", help_, error=error, options=options))
        else:
            value = data.get(path, _text(default))
            options = tuple(
                Option(each, each.replace("_", " "), "", "", each == value) for each in prop.get("enum", ())
            )
            widget: Widget = "one_of" if options else "switch" if prop.get("type") == "boolean" else "text"
            numeric: Literal["decimal", "numeric", "text"] = (
                "numeric" if prop.get("type") == "integer" else "decimal" if prop.get("type") == "number" else "text"
            )
            fields.append(
                FormField(path, widget, help_, prop.get("unit", ""), _range(prop), value, error, numeric, options)
            )
    return fields


def _range(prop: Schema) -> str:
    """The bounds in words: `1 to 60`, `above 0, below 1`."""
    each = prop.get("items", prop)
    each = each.get("prefixItems", [each])[0]
    low, high = each.get("minimum"), each.get("maximum")
    if low is not None and high is not None:
        return f"{_number(low)} to {_number(high)}"
    parts = (
        ("above", each.get("exclusiveMinimum")), ("from", low), ("up to", high), ("below", each.get("exclusiveMaximum"))
    )  # fmt: skip
    return ", ".join(f"{word} {_number(bound)}" for word, bound in parts if bound is not None)


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:g}"


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, (list, tuple)):
        return ", ".join("×".join(map(str, each)) if isinstance(each, (list, tuple)) else _text(each) for each in value)
    return str(value)


def _blame(error: Any, raw: Mapping[str, Any], root: Schema) -> tuple[str, str]:
    """Path and words of one pydantic error; an index into a list is left out of the path."""
    path = ".".join(part for part in error["loc"] if isinstance(part, str))
    cause = error.get("ctx", {}).get("error")
    if isinstance(cause, FieldError):
        return with_kinds(cause.field, raw), cause.message
    kind, bounds = error["type"], error.get("ctx", {})
    if kind in ("too_short", "too_long") or (isinstance(error["loc"][-1], int) and kind in _UNREADABLE):
        return path, _numbers_wanted(_prop(path, root))
    words = {
        "missing": "needs a value",
        "int_parsing": "must be a whole number",
        "int_from_float": "must be a whole number",
        "float_parsing": "must be a number",
        "greater_than_equal": f"must be at least {_number(bounds.get('ge', 0))}",
        "less_than_equal": f"must be at most {_number(bounds.get('le', 0))}",
        "union_tag_invalid": "is not one of the choices",
        "union_tag_not_found": "needs a choice",
    }
    return path, words.get(kind) or error["msg"].replace("Input should be", "must be")


def _prop(path: str, root: Schema) -> Schema:
    """The schema of the field at a path of the form."""
    node = root
    for part in path.split("."):
        kinds = _alternatives(node, root) or _alternatives(node.get("items", {}), root)
        node = kinds[part] if kinds else node["properties"][part]
    return node


def _numbers_wanted(prop: Schema) -> str:
    """What a list of numbers must look like: `needs 2 numbers, separated by a comma; decimals with a point`."""
    low, high = prop.get("minItems", 0), prop["maxItems"]
    if "enum" in prop.get("items", {}):
        return "needs at least one"
    if "prefixItems" in prop.get("items", {}):
        return f"needs {low} to {plural(high, 'size')} such as 784×300, separated by commas"
    if low == high:
        return f"needs {plural(high, 'number')}, separated by a comma; decimals with a point"
    return f"needs {low} to {plural(high, 'number')}, separated by commas; decimals with a point"


def with_kinds(field: str, raw: Mapping[str, Any]) -> str:
    """A dotted path of the spec as the form has it: `schedule.final` → `schedule.cosine.final`."""
    first, *rest = field.split(".")
    path, here = [first], raw.get(first)
    for part in rest:
        if isinstance(here, Mapping):
            path.append(str(here.get("kind")))
            here = here.get(part)
        path.append(part)
    return ".".join(path)
