"""Which fields a query can name: those of every run, those of the specs, and those that are measured."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import Any, Literal, TypeAlias

from app.contract.measures import Measure
from app.kinds.specs import EXPERIMENTS, MEASURES
from app.search.facts import leaf_of, singular
from app.search.parse import wrong
from app.search.terms import Comparison

Type: TypeAlias = Literal["word", "text", "number", "time", "duration"]
"""A word is compared whole, a text may contain the value, a time is compared by age or date."""

_Described: TypeAlias = tuple[str, Type, tuple[str, ...]]

RUN: Mapping[str, Type] = {
    "state": "word", "kind": "word", "model": "text", "dataset": "text", "tag": "word", "name": "text", "id": "text",
    "notes": "text", "error": "text", "worker": "text", "again": "word", "sweep": "word",
    "owner": "word", "priority": "word", "project": "word",
    "created": "time", "started": "time", "finished": "time", "took": "duration",
}  # fmt: skip
"""Fields that every run has."""
_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(s|min|m|h|d|w)")
_SIZES = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)(b|kb|mb|gb|tb)")
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)%?")
EXAMPLE = "accuracy@5%"


@dataclass(frozen=True)
class Field:
    """A field that a query names: of a run, or a fact of it; `types` are those of its values."""

    name: str
    types: frozenset[Type]
    of_run: bool


def field_of(comparison: Comparison) -> Field:
    """Return the field that a comparison names. Raises FieldError at `q` for an unknown one, with what is like it."""
    name = comparison.field.casefold()
    if name in RUN:
        return Field(name, frozenset({RUN[name]}), of_run=True)
    types = types_of(name)
    if types:
        return Field(name, types, of_run=False)
    measure, at, share = name.partition("@")
    if at and not _PERCENT.fullmatch(share) and types_of(f"{measure}@5"):
        raise wrong(comparison.at, f"{share or 'nothing'} is no percentage of kept weights; write it as in {EXAMPLE}")
    if at and types_of(f"{measure}@5"):
        raise wrong(comparison.at, f"{share} is not above 0 % and up to 100 % of kept weights, as in {EXAMPLE}")
    if at and types_of(measure):
        raise wrong(comparison.at, f"{comparison.field} is not measured at each density; {EXAMPLE} is")
    like = get_close_matches(name, names(), n=3, cutoff=0.6)
    hint = f"; did you mean {' or '.join(like)}?" if like else "."
    raise wrong(comparison.at, f"there is no field {comparison.field}{hint} Quote it to search for it as it is written")


def names() -> list[str]:
    """Return every field by its short name, those of all runs first."""
    return [*RUN, *sorted({_offered(leaf_of(path)) for path in fact_fields()} - set(RUN))]


def types_of(name: str) -> frozenset[Type]:
    """Return the types of the values that a fact of this path or short name can have; empty where there is none."""
    base, share = shared(name)
    if "@" in base and share is None:
        return frozenset()
    return frozenset(kind for path, kinds in fact_fields().items() if base in (path, leaf_of(path)) for kind in kinds)


def shared(name: str) -> tuple[str, float | None]:
    """Return a name up to its "@", and the share after that: "accuracy@" and 0.05 of "accuracy@5%".

    The share is None without an "@" and a percentage above 0 and up to 100 after it. The % may be left out.
    """
    base, at, percent = name.partition("@")
    hit = _PERCENT.fullmatch(percent)
    share = float(hit[1]) / 100 if at and hit else None
    return base + at, share if share is not None and 0 < share <= 1 else None


def path_of(name: str) -> str:
    """Return the path of a field or measure by its last part, where one path alone has that; else the name itself.

    A share of kept weights is written with its %: "result.accuracy@5%" of "accuracy@5".
    """
    base, at, share = name.partition("@")
    base += at
    alike = [path for path in fact_fields() if base in (path, leaf_of(path))]
    path = base if base in alike or len(alike) != 1 else alike[0]
    return path + (f"{share.removesuffix('%')}%" if at else "")


@cache
def fact_fields() -> Mapping[str, frozenset[Type]]:
    """Return the paths of all facts with the types of their values: fields of specs, then measures."""
    measures: dict[str, frozenset[Type]] = {
        measure.path: frozenset({"word" if measure.words else "number"}) for measure in MEASURES
    }
    return {**spec_fields(), **measures}


@cache
def is_alone(path: str) -> bool:
    """Return whether no other field or measure has the same last part as this path."""
    return sum(leaf_of(field) == leaf_of(path) for field in fact_fields()) == 1


@cache
def spec_fields() -> Mapping[str, frozenset[Type]]:
    """Return the paths of all specs' fields with the types of their values; a list has its singular as name."""
    types: dict[str, set[Type]] = {}
    for path, kind, _ in _described():
        types.setdefault(path, set()).add(kind)
    return {path: frozenset(kinds) for path, kinds in types.items()}


@cache
def measure_of(name: str) -> Measure | None:
    """Return the measure of this path or short name; None for a field of a spec."""
    base, _ = shared(name)
    return next((measure for measure in MEASURES if base in (measure.path, leaf_of(measure.path))), None)


@cache
def words() -> Mapping[str, tuple[str, ...]]:
    """Return every field by its short name with the words that it can be, where these are few, for completion."""
    choices: dict[str, dict[str, None]] = {name: {} for name in names()}
    for path, _, values in _described():
        if leaf_of(path) not in RUN:
            choices.setdefault(leaf_of(path), {}).update(dict.fromkeys(values))
    for measure in MEASURES:
        choices.setdefault(_offered(leaf_of(measure.path)), {}).update(dict.fromkeys(measure.words))
    return {name: tuple(values) for name, values in choices.items()}


def _described() -> Iterator[_Described]:
    for entry in EXPERIMENTS.values():
        schema = entry.params.model_json_schema()
        yield from _walk(schema, schema.get("$defs", {}), "", ())


def number(comparison: Comparison, value: str) -> float:
    """Return a value as a number: "1e-3", "5%" as 0.05; of a measure in seconds "2h", in bytes "1.5GB".

    Raises FieldError at `q`.
    """
    measure = measure_of(comparison.field.casefold())
    if measure is not None and measure.unit == "seconds" and _DURATION.fullmatch(value.casefold()):
        return seconds(comparison, value)
    if measure is not None and measure.unit == "bytes" and (size := _SIZE.fullmatch(value.casefold())):
        return float(size[1]) * _SIZES[size[2]]
    text = value.removesuffix("%")
    try:
        read = float(text)
    except ValueError:
        raise wrong(comparison.value_at, f"{comparison.field} is a number, and {value} is none") from None
    if read != read or read in (float("inf"), float("-inf")):
        raise wrong(comparison.value_at, f"{comparison.field} is compared with finite numbers")
    return read / 100 if value.endswith("%") else read


def seconds(comparison: Comparison, value: str) -> float:
    """Return a span such as "90s", "20min", "3h", "7d" or "2w" in seconds. Raises FieldError at `q`."""
    read = _DURATION.fullmatch(value.casefold())
    if read is None:
        raise wrong(comparison.value_at, f"{comparison.field} takes a span such as 90s, 20min, 3h, 7d or 2w")
    return float(read[1]) * _UNITS[read[2]]


def _offered(leaf: str) -> str:
    """Return a name as a reader can write it: with a share of kept weights where it depends on that."""
    return f"{leaf}5%" if leaf.endswith("@") else leaf


def _walk(
    schema: Any, known: Mapping[str, Any], path: str, above: tuple[str, ...]
) -> Iterator[tuple[str, Type, tuple[str, ...]]]:
    """Yield the fields that a schema describes, through references and choices, with the words that each can be."""
    reference = schema.get("$ref", "")
    if reference:
        name = reference.rpartition("/")[2]
        if name not in above:
            yield from _walk(known[name], known, path, (*above, name))
    for choice in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
        yield from _walk(choice, known, path, above)
    for name, part in schema.get("properties", {}).items():
        yield from _walk(part, known, path if name == "kind" and path else f"{path}.{name}" if path else name, above)
    if schema.get("type") == "array":
        head, dot, last = path.rpartition(".")
        for item in (schema.get("items"), *schema.get("prefixItems", ())):
            if isinstance(item, dict):
                yield from _walk(item, known, f"{head}{dot}{singular(last)}", above)
    elif schema.get("type") in ("number", "integer"):
        yield path, "number", ()
    elif schema.get("type") == "boolean":
        yield path, "word", ("true", "false")
    elif schema.get("type") == "string" or "const" in schema or "enum" in schema:
        values = [schema["const"]] if "const" in schema else schema.get("enum", ())
        yield path, "word", tuple(str(value).casefold() for value in values)
