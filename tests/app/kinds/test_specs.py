"""The lottery spec: what it refuses, what it costs, what counts as more of the same."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from app.contract.experiment import FieldError
from app.kinds.imported.spec import ImportedSpec
from app.kinds.lottery.limits import MAX_STEPS, MAX_TRAININGS
from app.kinds.lottery.spec import LotterySpec
from app.kinds.specs import EXPERIMENTS, TITLES, Spec

SMALL: dict[str, Any] = {
    "kind": "lottery",
    "dataset": {"kind": "digits"},
    "model": {"kind": "lenet_300_100"},
    "optimizer": {"kind": "adam"},
    "pruning": {"kind": "layerwise_magnitude"},
    "steps": 200,
    "levels": 2,
    "replicates": 3,
    "branches": [{"kind": "reinit", "draws": 2}, {"kind": "shuffled"}],
}


def spec(**changes: Any) -> LotterySpec:
    return LotterySpec.model_validate({**SMALL, **changes})


def test_trainings_are_one_dense_network_then_ticket_and_controls_at_each_level() -> None:
    assert spec().trainings_per_replicate == 1 + 2 * (1 + 2 + 1)
    assert spec().trainings == 27
    assert spec(branches=[{"kind": "magnitude_at_init"}]).trainings_per_replicate == 1 + 2 * 2


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"colour": "red"}, ("colour",)),
        ({"steps": "many"}, ("steps",)),
        ({"levels": 0}, ("levels",)),
        ({"optimizer": {"kind": "adam", "lr": -1}}, ("optimizer", "adam", "lr")),
        ({"optimizer": {"kind": "adam", "lr": float("nan")}}, ("optimizer", "adam", "lr")),
        ({"optimizer": {"kind": "lbfgs"}}, ("optimizer",)),
        ({"optimizer": {"lr": 0.1}}, ("optimizer",)),
        ({"pruning": {"kind": "layerwise_magnitude", "rate": 1.0}}, ("pruning", "layerwise_magnitude", "rate")),
        ({"branches": [{"kind": "reinit", "draws": 0}]}, ("branches", 0, "reinit", "draws")),
    ],
)
def test_a_bad_value_names_its_field(changes: dict[str, Any], path: tuple[str | int, ...]) -> None:
    with pytest.raises(ValidationError) as caught:
        spec(**changes)
    assert [error["loc"] for error in caught.value.errors()] == [path]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"rewind": "none", "rewind_step": 10}, "rewind_step"),
        ({"rewind_step": 200}, "rewind_step"),
        ({"rewind": "fine_tune", "schedule": {"kind": "cosine"}}, "schedule.final"),
        ({"eval_every": 201}, "eval_every"),
        ({"batch_size": 1_258}, "batch_size"),
        ({"eval_every": 1, "steps": 1_000_000}, "eval_every"),
        ({"branches": [{"kind": "reinit"}, {"kind": "reinit"}]}, "branches"),
        ({"replicates": 100, "levels": 60, "branches": [{"kind": "reinit", "draws": 10}]}, "replicates"),
        ({"steps": 1_000_000, "replicates": 100}, "steps"),
    ],
)
def test_a_contradiction_is_blamed_on_one_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        spec(**changes)
    (error,) = caught.value.errors()
    blamed = error["ctx"]["error"]
    assert isinstance(blamed, FieldError)
    assert blamed.field == field


def test_the_largest_allowed_run_is_allowed() -> None:
    branches = [{"kind": "reinit", "draws": 2}]
    steps = MAX_STEPS // MAX_TRAININGS
    largest = spec(steps=steps, eval_every=1_000, replicates=100, levels=50, branches=branches)
    assert largest.trainings <= MAX_TRAININGS
    assert largest.trainings * largest.steps <= MAX_STEPS


@pytest.mark.parametrize(
    ("changes", "obstacle"),
    [
        ({}, None),
        ({"replicates": 5}, None),
        ({"levels": 4, "branches": [{"kind": "reinit", "draws": 3}, {"kind": "shuffled"}, {"kind": "random"}]}, None),
        ({"replicates": 2}, "replicates"),
        ({"levels": 1}, "levels"),
        ({"branches": [{"kind": "reinit", "draws": 2}]}, "branches"),
        ({"branches": [{"kind": "reinit", "draws": 1}, {"kind": "shuffled"}]}, "branches"),
        ({"seed": 1}, "seed"),
        ({"optimizer": {"kind": "adam", "lr": 0.01}}, "optimizer"),
    ],
)
def test_only_more_of_the_same_extends_a_run(changes: dict[str, Any], obstacle: str | None) -> None:
    assert spec(**changes).extends(spec()) == obstacle


def test_a_spec_survives_its_json() -> None:
    assert LotterySpec.model_validate_json(spec().model_dump_json()) == spec()


def imported(**changes: Any) -> ImportedSpec:
    return ImportedSpec.model_validate({"kind": "imported", "files": ["a", "b"], "layers": 3, "levels": 1, **changes})


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"levels": 2}, "levels"),
        ({"files": []}, "files"),
        ({"files": ["x"] * 62, "levels": 61}, "files"),
        ({"replicates": 2}, "replicates"),
        ({"layers": 401}, "layers"),
    ],
)
def test_imported_masks_have_a_file_for_each_level(changes: dict[str, Any], path: str) -> None:
    with pytest.raises(ValidationError) as caught:
        imported(**changes)
    first = caught.value.errors()[0]
    blamed = first.get("ctx", {}).get("error")
    assert (blamed.field if isinstance(blamed, FieldError) else first["loc"][0]) == path


def test_a_stored_spec_is_told_by_its_kind() -> None:
    for made in (spec(), imported()):
        assert TypeAdapter(Spec).validate_json(made.model_dump_json()) == made
    with pytest.raises(ValidationError, match="union_tag_invalid"):
        TypeAdapter(Spec).validate_python({"kind": "bench"})
    assert TITLES.keys() == {*EXPERIMENTS, "imported"}


def test_every_kind_says_what_it_is_and_how_much() -> None:
    assert (spec().dataset_name, spec().model_name, spec().work) == ("digits", "lenet_300_100", (27, "training"))
    assert (imported().dataset_name, imported().model_name, imported().work) == ("2 files", "3 layers", (2, "mask"))
    assert imported(files=["a"], levels=0, layers=1).dataset_name == "1 file"
