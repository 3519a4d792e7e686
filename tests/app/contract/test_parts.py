"""The trainings of a replicate, one by one, are all that the replicate is."""

import pytest

from app.contract.presets import PRESETS
from app.contract.specs import EXPERIMENT, Experiment

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
