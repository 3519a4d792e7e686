"""The registry keeps its promises, entry by entry; a new method is tested by its line in the catalog."""

import inspect
from collections.abc import Iterator
from functools import partial
from importlib import import_module
from typing import Any

import pytest
from pydantic import ValidationError
from pydantic_core import PydanticUndefined

from app.contract.entry import Entry
from app.kinds.specs import EXPERIMENTS
from app.methods.catalog import CATALOG
from workers.science.build import build

ENTRIES = [pytest.param(room, e, id=f"{room}-{e.name}") for room, entries in CATALOG.items() for e in entries.values()]
EVERYTHING = [*ENTRIES, *(pytest.param("experiment", e, id=f"experiment-{name}") for name, e in EXPERIMENTS.items())]


def keywords(entry: Entry) -> dict[str, Any]:
    """Keyword-only parameters of the target and their defaults."""
    parameters = inspect.signature(build(entry)).parameters.values()
    return {p.name: p.default for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY}


def numbers(schema: dict[str, Any]) -> Iterator[str]:
    """Types of number that a field's schema allows, however deep."""
    if schema.get("type") in ("integer", "number"):
        yield schema["type"]
    for key in ("anyOf", "prefixItems"):
        for part in schema.get(key, ()):
            yield from numbers(part)
    if isinstance(schema.get("items"), dict):
        yield from numbers(schema["items"])


@pytest.mark.parametrize(("room", "entry"), EVERYTHING)
def test_the_target_resolves_to_something_documented(room: str, entry: Entry) -> None:
    target = build(entry)
    assert callable(target)
    assert inspect.getdoc(target)
    assert inspect.getmodule(target).__doc__


@pytest.mark.parametrize(("room", "entry"), ENTRIES)
def test_the_key_is_the_name_of_the_file_or_function(room: str, entry: Entry) -> None:
    module, _, function = entry.target.partition(":")
    assert entry.name in (module.rpartition(".")[2], function)
    assert CATALOG[room][entry.name] is entry


@pytest.mark.parametrize(("room", "entry"), ENTRIES)
def test_keyword_only_parameters_and_defaults_are_the_fields(room: str, entry: Entry) -> None:
    fields = {name: field.default for name, field in entry.params.model_fields.items() if name != "kind"}
    assert keywords(entry) == fields
    assert PydanticUndefined not in fields.values()
    # The same type too: 1 is not 1.0 in a form.
    assert {n: type(v) for n, v in keywords(entry).items()} == {n: type(v) for n, v in fields.items()}


@pytest.mark.parametrize("entry", EXPERIMENTS.values(), ids=EXPERIMENTS)
def test_experiments_run_and_describe(entry: Entry) -> None:
    parameters = inspect.signature(build(entry)).parameters
    named = ["tickets"] if entry.params.__dict__.get("tickets") else []
    # What can be stacked takes the trainer that a conductor gives it.
    stacked = ["trainer"] if vars(entry.params).get("stackable") else []
    knobs = ["device", "datasets_dir", "resume", "plan", "clock", *stacked]
    assert list(parameters) == ["spec", "replicate", *knobs, *named]
    assert {n for n, p in parameters.items() if p.kind is inspect.Parameter.KEYWORD_ONLY} == {*list(parameters)[2:]}
    module = entry.target.partition(":")[0]
    assert list(inspect.signature(import_module(module).describe).parameters) == ["spec", "datasets_dir"]


@pytest.mark.parametrize(("room", "entry"), ENTRIES)
def test_filled_in_parameters_bind_every_field(room: str, entry: Entry) -> None:
    params = entry.params(kind=entry.name)
    bound = build(params)
    assert isinstance(bound, partial)
    assert bound.keywords == {name: getattr(params, name) for name in entry.params.model_fields if name != "kind"}
    inspect.signature(bound.func).bind_partial(**bound.keywords)


@pytest.mark.parametrize(("room", "entry"), EVERYTHING)
def test_every_field_says_what_it_is(room: str, entry: Entry) -> None:
    properties = entry.params.model_json_schema()["properties"]
    chosen_from_the_catalog = {*CATALOG, "branches"}
    for name, field in entry.params.model_fields.items():
        if name == "kind" or name in chosen_from_the_catalog:
            continue
        assert field.description, name
        assert field.description.endswith("."), name
        # Whole numbers count something, but for a seed; rates and shares are of something.
        types = set(numbers(properties[name]))
        counts = "integer" in types and name != "seed"
        if counts or (types and (name == "lr" or name.endswith(("_lr", "rate", "milestones")))):
            assert properties[name]["unit"], name


@pytest.mark.parametrize(("room", "entry"), EVERYTHING)
def test_every_number_has_a_range(room: str, entry: Entry) -> None:
    for name, schema in entry.params.model_json_schema()["properties"].items():
        if schema.get("type") in ("integer", "number"):
            assert {"minimum", "exclusiveMinimum"} & schema.keys(), name
            assert {"maximum", "exclusiveMaximum"} & schema.keys(), name


@pytest.mark.parametrize(("room", "entry"), EVERYTHING)
def test_every_entry_has_a_title_a_summary_and_a_source(room: str, entry: Entry) -> None:
    assert entry.title
    assert entry.summary.endswith(".") or entry.summary.endswith("?")
    assert entry.source


@pytest.mark.parametrize(("room", "entry"), EVERYTHING)
def test_kind_is_required_and_unknown_fields_are_refused(room: str, entry: Entry) -> None:
    assert entry.params.model_fields["kind"].is_required()
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        entry.params.model_validate({"kind": entry.name, "no_such_field": 1})
