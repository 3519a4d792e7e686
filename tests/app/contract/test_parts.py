"""The trainings of a replicate, one by one, are all that the replicate is."""

from typing import Any

import pytest

from app.contract.experiment import Experiment
from app.kinds.presets import PRESETS
from app.kinds.specs import EXPERIMENT

SPECS: dict[str, Experiment] = {name: preset.spec for name, preset in PRESETS.items()} | {
    "rewound, with every control": EXPERIMENT.validate_python(
        {
            **PRESETS["digits-tickets"].spec.model_dump(),
            "rewind_step": 7,
            "levels": 3,
            "branches": [
                {"kind": "reinit", "draws": 2},
                {"kind": "shuffled", "draws": 3},
                {"kind": "random", "draws": 1},
                {"kind": "magnitude_at_init"},
            ],
        }
    )
}


@pytest.mark.parametrize("name", SPECS)
def test_they_add_up_to_the_replicate_and_stand_apart(name: str) -> None:
    parts = list(SPECS[name].parts())
    assert sum(work for _, work in parts) == SPECS[name].units_per_replicate
    assert len({place for place, _ in parts}) == len(parts)


def test_each_kind_names_the_series_of_its_ends() -> None:
    assert {spec.kind: spec.ends for spec in SPECS.values()} == {
        "lottery": "outcome",
        "erasure": "ending",
        "stable_rank": "stable_rank",
        "hardware": "hardware",
    }


def names(most: int, **fields: Any) -> list[str]:
    """What of the spec with every control is made at once."""
    spec = SPECS["rewound, with every control"].model_dump() | fields
    return EXPERIMENT.validate_python(spec).stack_groups(most)


def test_those_with_the_same_steps_and_rates_are_made_at_once() -> None:
    rewound = "winning_ticket/0 shuffled/0 shuffled/1 shuffled/2 magnitude_at_init/0"
    assert names(8) == [rewound, "reinit/0 reinit/1 random/0"]
    # The third of three pairs is by itself, and so not named.
    assert names(2) == ["winning_ticket/0 shuffled/0", "shuffled/1 shuffled/2", "reinit/0 reinit/1"]
    everything = "winning_ticket/0 reinit/0 reinit/1 shuffled/0 shuffled/1 shuffled/2 random/0 magnitude_at_init/0"
    assert names(8, rewind_step=0) == [everything]
    assert names(8, rewind_step=0, rewind="fine_tune") == [everything.removeprefix("winning_ticket/0 ")]


def test_stacks_are_as_wide_as_each_other_and_no_wider_than_asked() -> None:
    assert [len(stack.split()) for stack in names(4)] == [3, 2, 3]
    assert [len(stack.split()) for stack in names(7, rewind_step=0)] == [4, 4]
    for most in range(1, 10):
        stacks = names(most)
        assert all(len(stack.split()) <= most for stack in stacks)
        assert all(" " in stack for stack in stacks)
        assert len(" ".join(stacks).split()) == len(set(" ".join(stacks).split()))
        assert most < 3 or len(" ".join(stacks).split()) == 8


def test_nothing_is_made_at_once_where_nothing_can_be() -> None:
    assert names(1) == []
    assert names(8, optimizer={"kind": "muon"}) == []
    assert names(8, optimizer={"kind": "sam"}) == []
    assert names(8, branches=[]) == []
    others = [spec for spec in SPECS.values() if spec.kind in ("stable_rank", "hardware")]
    assert [spec.stack_groups(8) for spec in others] == [[]] * len(others) != []


@pytest.mark.parametrize("name", SPECS)
def test_names_tell_all_trainings_of_a_round_apart(name: str) -> None:
    parts = [place for place, _ in SPECS[name].parts()]
    assert len({SPECS[name].named(place) for place in parts}) == len(parts)
