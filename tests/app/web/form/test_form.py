"""A form shows the whole spec, takes it back unchanged, and blames each mistake on its own field."""

from typing import Any

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from app.contract.experiment import Experiment
from app.kinds.lottery.spec import LotterySpec
from app.kinds.presets import PRESETS
from app.methods.catalog import CATALOG
from app.web.form import form as forms

PRESET = LotterySpec.model_validate(PRESETS["digits-tickets"].spec.model_dump())


def _strategy(prop: dict[str, Any], root: dict[str, Any]) -> st.SearchStrategy[Any]:
    """JSON values of one schema node, within its bounds."""
    if "oneOf" in prop:
        return st.one_of(*(_object(root["$defs"][ref["$ref"].rsplit("/", 1)[-1]], root) for ref in prop["oneOf"]))
    if "enum" in prop or "const" in prop:
        return st.sampled_from(prop.get("enum") or [prop["const"]])
    if "prefixItems" in prop:
        return st.tuples(*(_strategy(each, root) for each in prop["prefixItems"])).map(list)
    if prop["type"] == "array":
        size = {"min_size": prop.get("minItems", 0), "max_size": prop["maxItems"]}
        return st.lists(_strategy(prop["items"], root), **size)
    if prop["type"] == "boolean":
        return st.booleans()
    if prop["type"] == "integer":
        return st.integers(prop["minimum"], prop["maximum"])
    return st.floats(
        prop.get("minimum", prop.get("exclusiveMinimum")),
        prop.get("maximum", prop.get("exclusiveMaximum")),
        exclude_min="exclusiveMinimum" in prop,
        exclude_max="exclusiveMaximum" in prop,
        allow_nan=False,
    )


def _object(node: dict[str, Any], root: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({name: _strategy(prop, root) for name, prop in node["properties"].items()})


def _consistent(raw: dict[str, Any]) -> LotterySpec:
    """The drawn values bent until no two fields contradict each other; controls in the catalog's order."""
    order = list(CATALOG["control"])
    branches = {control["kind"]: control for control in raw["branches"]}
    raw |= {
        "branches": sorted(branches.values(), key=lambda control: order.index(control["kind"])),
        "eval_every": min(raw["eval_every"], raw["steps"]),
        "rewind_step": raw["rewind_step"] % raw["steps"] if raw["rewind"] == "weights" else 0,
        "replicates": 1,
        "steps": raw["steps"] if raw["steps"] < 100_000 else 100_000,
    }
    raw |= {"eval_every": min(raw["eval_every"], raw["steps"]), "rewind_step": raw["rewind_step"] % raw["steps"]}
    try:
        return LotterySpec.model_validate(raw)
    except ValidationError:  # a contradiction that is rarer than those above
        reject()


SPECS = _object(forms.schema("lottery"), forms.schema("lottery")).map(_consistent)


def _browser(sections: list[forms.Section]) -> dict[str, str]:
    """What a browser would send of a rendered form: every alternative's fields, chosen or not."""
    sent: dict[str, str] = {}

    def send(field: forms.FormField) -> None:
        if field.widget in ("choices", "many_of"):
            sent.update({f"{field.path}.{option.value}": "on" if option.chosen else "off" for option in field.options})
        elif field.widget in ("choice", "one_of"):
            sent[field.path] = next(option.value for option in field.options if option.chosen)
        else:
            sent[field.path] = field.value
        for option in field.options:
            for inner in option.fields:
                send(inner)

    for section in sections:
        for field in section.fields:
            send(field)
    return sent


def _round_trip(spec: Experiment) -> Experiment | None:
    sent = _browser(forms.build(spec.kind, forms.values(spec), {}))
    back, errors = forms.parse(spec.kind, sent)
    assert errors == {}
    return back


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_survives_the_form(name: str) -> None:
    assert _round_trip(PRESETS[name].spec) == PRESETS[name].spec


@settings(max_examples=60, deadline=None)
@given(SPECS)
def test_any_spec_survives_the_form(spec: LotterySpec) -> None:
    assert _round_trip(spec) == spec


def _form(**changed: str) -> dict[str, str]:
    return forms.values(PRESET) | {path.replace("__", "."): value for path, value in changed.items()}


@pytest.mark.parametrize(
    ("changed", "path", "words"),
    [
        ({"steps": ""}, "steps", "whole number"),
        ({"steps": "many"}, "steps", "whole number"),
        ({"levels": "61"}, "levels", "60"),
        ({"optimizer__adam__lr": "-1"}, "optimizer.adam.lr", "must be above 0"),
        ({"optimizer__adam__betas": "0.9, 2"}, "optimizer.adam.betas", "must be below 1"),
        ({"branches__reinit__draws": "11"}, "branches.reinit.draws", "10"),
        ({"pruning__layerwise_magnitude__rate": "x"}, "pruning.layerwise_magnitude.rate", "must be a number"),
        ({"optimizer__adam__betas": "0.9"}, "optimizer.adam.betas", "needs 2 numbers, separated by a comma"),
        ({"optimizer__adam__betas": "0,9; 0,999"}, "optimizer.adam.betas", "decimals with a point"),
        ({"optimizer__adam__betas": "high, low"}, "optimizer.adam.betas", "needs 2 numbers"),
        (
            {"schedule": "step_decay", "schedule__step_decay__milestones": ""},
            "schedule.step_decay.milestones",
            "needs 1 to 10 numbers",
        ),
        ({"steps": "10000000"}, "steps", "must be at most 1,000,000"),
        ({"model": "resnet_9000"}, "model", "not one of the choices"),
        ({"eval_every": "5000"}, "eval_every", "must not exceed steps"),
        ({"rewind": "none", "rewind_step": "10"}, "rewind_step", "must be 0"),
        (
            {"rewind": "fine_tune", "schedule": "cosine", "schedule__cosine__final": "0"},
            "schedule.cosine.final",
            "above 0",
        ),
        ({"replicates": "100", "steps": "1000000"}, "steps", "exceed the limit"),
    ],
)
def test_a_mistake_is_blamed_on_its_field(changed: dict[str, str], path: str, words: str) -> None:
    spec, errors = forms.parse("lottery", _form(**changed))
    assert spec is None
    assert list(errors) == [path]
    assert words in errors[path]


def test_errors_come_in_the_order_of_the_form_and_nothing_typed_is_lost() -> None:
    typed = _form(optimizer__adam__lr="fast", levels="-1")
    _, errors = forms.parse("lottery", typed)
    sections = forms.build("lottery", typed, errors)
    assert set(errors) == {"optimizer.adam.lr", "levels"}
    assert _browser(sections) | typed == _browser(sections)


def test_fields_carry_unit_range_and_help() -> None:
    fields = {field.path: field for section in forms.build("lottery", {}, {}) for field in section.fields}
    assert (fields["levels"].range, fields["levels"].unit) == ("1 to 60.", "rounds")
    assert fields["levels"].help == "Pruning rounds after the dense network."
    rate = fields["pruning"].options[0].fields[0]
    assert (rate.path, rate.range) == ("pruning.layerwise_magnitude.rate", "Above 0 and below 1.")
    assert [option.value for option in fields["dataset"].options] == list(CATALOG["dataset"])


def test_extending_reads_only_what_may_grow() -> None:
    grown, errors = forms.parse("lottery", {"replicates": "5", "levels": "11", "steps": "7"}, base=PRESET)
    assert errors == {"branches": "can only be extended: finished work is kept"}
    grown, errors = forms.parse("lottery", _form(replicates="5", steps="7"), base=PRESET)
    assert errors == {}
    assert grown == PRESET.model_copy(update={"replicates": 5})


def test_shrinking_is_refused_when_extending() -> None:
    spec, errors = forms.parse("lottery", _form(levels="3"), base=PRESET)
    assert spec is None
    assert list(errors) == ["levels"]


@pytest.mark.parametrize("field", sorted(set(LotterySpec.model_fields) - {"kind"}))
def test_the_open_fields_are_those_the_contract_lets_grow(field: str) -> None:
    more = (*PRESET.branches, CATALOG["control"]["random"].params(kind="random"))
    larger: dict[str, Any] = {"replicates": 4, "levels": 12, "branches": more}
    value = larger.get(field, object())
    verdict = PRESET.model_copy(update={field: value}).extends(PRESET)
    assert (verdict is None) == (field in LotterySpec.grows)


def test_extending_asks_only_for_what_may_grow() -> None:
    sections = forms.build("lottery", forms.values(PRESET), {}, extend=True)
    fields = [field for section in sections for field in section.fields]
    assert {field.path for field in fields} == set(LotterySpec.grows)


def test_extending_by_nothing_is_refused() -> None:
    spec, errors = forms.parse("lottery", forms.values(PRESET), base=PRESET)
    assert spec is None
    assert list(errors) == ["replicates"]


HARDWARE = PRESETS["hardware-lenet"].spec


def test_pairs_are_written_as_sizes_and_read_back() -> None:
    sent = forms.values(HARDWARE)
    assert sent["layers"] == "784×300, 300×100"
    spec, errors = forms.parse("hardware", sent | {"layers": "64x32, 8×4"})
    assert errors == {}
    assert spec is not None
    assert spec.model_dump()["layers"] == ((64, 32), (8, 4))
    (field,) = (f for section in forms.build("hardware", sent, {}) for f in section.fields if f.path == "layers")
    assert (field.widget, field.range, field.unit) == ("text", "1 to 4,096.", "inputs × units")


def test_boxes_are_ticked_for_what_is_chosen_and_left_alone_where_none_is_sent() -> None:
    sent = forms.values(HARDWARE)
    assert {name: sent[f"modes.{name}"] for name in ("inference", "training")} == {"inference": "on", "training": "on"}
    spec, _ = forms.parse("hardware", sent | {"modes.training": "off"})
    assert spec is not None
    assert spec.model_dump()["modes"] == ("inference",)
    spec, _ = forms.parse("hardware", {"layers": "8×4"})
    assert spec is not None
    assert spec.model_dump()["formats"] == HARDWARE.model_dump()["formats"]


@pytest.mark.parametrize(
    ("changed", "path", "words"),
    [
        ({"layers": "784"}, "layers", "needs 0 to 8 sizes such as 784×300, separated by commas"),
        ({"layers": "9000×2"}, "layers", "must be at most 4,096"),
        ({"modes.inference": "off", "modes.training": "off"}, "modes", "needs at least one"),
        ({"densities": "half"}, "densities", "needs 1 to 16 numbers"),
        ({"formats.semi_structured": "on"}, "formats", "needs a GPU of compute capability 8.0"),
        ({"ticket": "x"}, "ticket", "is not the address of a ticket"),
    ],
)
def test_a_mistake_among_sizes_and_boxes_is_told_in_words(changed: dict[str, str], path: str, words: str) -> None:
    spec, errors = forms.parse("hardware", forms.values(HARDWARE) | changed)
    assert spec is None
    assert list(errors) == [path]
    assert words in errors[path]
