"""Forms from a spec's JSON schema and back: the schema is pydantic's, so a new knob needs no line here.

A field's name in the form is its dotted path, with the chosen kind as one part of it (`optimizer.adam.lr`). Pydantic
reports the same path in an error. Every alternative is in the page, its fields under its own name, so that changing a
choice loses nothing and needs no script.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, Literal

from pydantic import ValidationError

from app.contract.entry import Entry
from app.contract.experiment import Experiment
from app.contract.refusals import number
from app.kinds.specs import EXPERIMENTS
from app.methods.catalog import CATALOG
from app.web.form.errors import Schema, alternatives, blame, with_kinds
from app.web.form.fields import FormField, Option, Section, Widget, applied, sentence_case

__all__ = ["FormField", "Section", "build", "parse", "schema", "values", "with_kinds"]

# Headings open at a field and hold all that follow, up to the next: an unlisted field needs no entry.
_SECTIONS = {
    "picture": "Picture",
    "dataset": "Data and model",
    "optimizer": "Training",
    "optimizers": "Optimizers",
    "pruning": "Pruning",
    "branches": "Controls",
    "sparse_training": "Arithmetic",
    "layers": "What to time",
    "formats": "Formats and timing",
    "replicates": "Replicates and device",
}


def _kind(kind: str) -> type[Experiment]:
    params = EXPERIMENTS[kind].params
    assert issubclass(params, Experiment)  # noqa: S101 (the registry holds nothing else)
    return params


@cache
def schema(kind: str) -> Schema:
    """Return JSON schema of an experiment kind's spec. Raises KeyError on an unknown kind."""
    return EXPERIMENTS[kind].params.model_json_schema()


def values(spec: Experiment) -> dict[str, str]:
    """Return the spec as form values by path; a field that the spec does not use is absent."""
    flat: dict[str, str] = {}
    root = schema(spec.kind)
    _flatten(spec.model_dump(mode="json"), root, root, "", flat)
    return flat


def parse(
    kind: str, data: Mapping[str, str], base: Experiment | None = None
) -> tuple[Experiment | None, dict[str, str]]:
    """Return the spec that a submitted form describes, or the errors by path; exactly one of them is filled.

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
        blamed = dict(blame(item, raw, root) for item in reversed(error.errors()))
        return None, dict(reversed(blamed.items()))
    if base is not None and (field := spec.extends(base)):
        return None, {field: "can only be extended: finished work is kept"}
    if base == spec:
        return None, {"replicates": "or another field must be increased: the run already contains all of this"}
    return spec, {}


def build(kind: str, data: Mapping[str, str], errors: Mapping[str, str], *, extend: bool = False) -> list[Section]:
    """Return the form's sections, holding `data` and showing `errors`; with `extend` only what may grow."""
    root = schema(kind)
    sections: list[tuple[str, list[FormField]]] = [("Experiment", [])]
    grows = _kind(kind).grows
    everything = _fields(root, root, "", data, errors)
    chosen = {field.path: field.value for field in everything}
    for field in (applied(field, chosen) for field in everything):
        if title := _SECTIONS.get(field.path):
            sections.append((title, []))
        if not extend or field.path in grows:
            sections[-1][1].append(field)
    return [Section(title, tuple(fields)) for title, fields in sections if fields]


def _entries(kinds: Mapping[str, Schema]) -> Mapping[str, Entry]:
    return next(room for room in CATALOG.values() if room.keys() == kinds.keys())


def _own(node: Schema) -> Mapping[str, Schema]:
    return {name: prop for name, prop in node["properties"].items() if name != "kind"}


def _flatten(value: Mapping[str, Any], node: Schema, root: Schema, prefix: str, flat: dict[str, str]) -> None:
    for name, prop in _own(node).items():
        path, item = prefix + name, value[name]
        if one := alternatives(prop, root):
            flat[path] = item["kind"]
            _flatten(item, one[item["kind"]], root, f"{path}.{item['kind']}.", flat)
        elif many := alternatives(prop.get("items", {}), root):
            chosen = {part["kind"]: part for part in item}
            for kind, alternative in many.items():
                flat[f"{path}.{kind}"] = "on" if kind in chosen else "off"
                if kind in chosen:
                    _flatten(chosen[kind], alternative, root, f"{path}.{kind}.", flat)
        elif names := prop.get("items", {}).get("enum"):
            flat |= {f"{path}.{name}": "on" if name in item else "off" for name in names}
        else:
            flat[path] = _text(item)


def _collect(node: Schema, root: Schema, prefix: str, data: Mapping[str, str]) -> dict[str, Any]:
    raw: dict[str, Any] = {}
    for name, prop in _own(node).items():
        path = prefix + name
        if one := alternatives(prop, root):
            if kind := data.get(path):
                inner = _collect(one[kind], root, f"{path}.{kind}.", data) if kind in one else {}
                raw[name] = {"kind": kind, **inner}
        elif many := alternatives(prop.get("items", {}), root):
            raw[name] = [
                {"kind": kind, **_collect(alternative, root, f"{path}.{kind}.", data)}
                for kind, alternative in many.items()
                if data.get(f"{path}.{kind}") == "on"
            ]
        elif names := prop.get("items", {}).get("enum"):
            if any(f"{path}.{name}" in data for name in names):
                raw[name] = [name for name in names if data.get(f"{path}.{name}") == "on"]
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
    return [_field(prefix + name, name, prop, root, data, errors) for name, prop in _own(node).items()]


def _field(
    path: str, name: str, prop: Schema, root: Schema, data: Mapping[str, str], errors: Mapping[str, str]
) -> FormField:
    default = prop.get("default")
    common: dict[str, Any] = {
        "path": path,
        "label": sentence_case(name, prop.get("title", "")),
        "help": prop.get("description", ""),
        "error": errors.get(path, ""),
        "rare": prop.get("rare", False),
        "when": prop.get("when", {}),
    }
    if one := alternatives(prop, root):
        chosen = data.get(path) or (default or {}).get("kind") or next(iter(one))
        options = tuple(
            Option(kind, entry.title, entry.summary, entry.source, kind == chosen,
                   tuple(_fields(one[kind], root, f"{path}.{kind}.", data, errors)))
            for kind, entry in _entries(one).items()
        )  # fmt: skip
        return FormField(**common, widget="choice", value=chosen, options=options)
    if many := alternatives(prop.get("items", {}), root):
        options = tuple(
            Option(kind, entry.title, entry.summary, entry.source, data.get(f"{path}.{kind}") == "on",
                   tuple(_fields(many[kind], root, f"{path}.{kind}.", data, errors)))
            for kind, entry in _entries(many).items()
        )  # fmt: skip
        return FormField(**common, widget="choices", options=options)
    if names := prop.get("items", {}).get("enum"):
        options = tuple(
            Option(name, name.replace("_", " "), "", "", data.get(f"{path}.{name}") == "on") for name in names
        )
        return FormField(**common, widget="many_of", options=options)
    value = data.get(path, _text(default))
    options = tuple(Option(item, item.replace("_", " "), "", "", item == value) for item in prop.get("enum", ()))
    widget: Widget = "one_of" if options else "switch" if prop.get("type") == "boolean" else "text"
    numeric: Literal["decimal", "numeric", "text"] = (
        "numeric" if prop.get("type") == "integer" else "decimal" if prop.get("type") == "number" else "text"
    )
    return FormField(
        **common, widget=widget, unit=prop.get("unit", ""), range=_range(prop), value=value, numeric=numeric,
        options=options, default=_text(default),
    )  # fmt: skip


def _range(prop: Schema) -> str:
    """Return the bounds as a sentence: `1 to 60.`, `Above 0 and below 1.`."""
    item = prop.get("items", prop)
    item = item.get("prefixItems", [item])[0]
    low, high = item.get("minimum"), item.get("maximum")
    if low is not None and high is not None:
        return f"{number(low)} to {number(high)}."
    parts = (
        ("above", item.get("exclusiveMinimum")), ("from", low), ("up to", high), ("below", item.get("exclusiveMaximum"))
    )  # fmt: skip
    sentence = " and ".join(f"{word} {number(bound)}" for word, bound in parts if bound is not None)
    return f"{sentence.capitalize()}." if sentence else ""


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, (list, tuple)):
        return ", ".join("×".join(map(str, item)) if isinstance(item, (list, tuple)) else _text(item) for item in value)
    return str(value)
