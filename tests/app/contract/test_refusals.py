"""What validation refuses is said in plain words, not in those of a library."""

import re
from typing import Any

import pytest
from pydantic import BaseModel, Field, ValidationError

from app.contract.refusals import refusal
from app.kinds.presets import PRESETS
from app.kinds.specs import EXPERIMENTS

LIBRARY = re.compile(
    r"Input|should|valid integer|unable|Tuple|Extra|Field required|discriminator|\bdict", re.IGNORECASE
)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("levels", "a", "must be a whole number"),
        ("levels", 1.5, "must be a whole number"),
        ("levels", None, "must be a whole number"),
        ("levels", 99, "must be at most 60"),
        ("steps", 10**9, "must be at most 1,000,000"),
        ("bogus", 1, "is not a known field"),
        ("branches", {}, "must be a list"),
        ("branches", [1], "must be an object with named fields"),
        ("pruning", {}, "needs a choice"),
        ("device", "tpu", "must be 'any', 'cpu' or 'gpu'"),
        ("optimizer", {"kind": "adam", "lr": 0}, "must be above 0"),
        ("optimizer", {"kind": "adam", "betas": [0.9, 1]}, "must be below 1"),
        ("optimizer", {"kind": "adam", "betas": [1, 2, 3]}, "must have at most 2 entries"),
        ("schedule", {"kind": "step_decay", "milestones": []}, "needs at least 1 entry"),
        ("optimizer", {"kind": "tiger"}, "must be one of 'sgd', 'momentum_sgd'"),
    ],
)
def test_a_wrong_value_is_refused_in_plain_words(field: str, value: Any, said: str) -> None:
    raw = {**PRESETS["digits-tickets"].spec.model_dump(mode="json"), field: value}
    with pytest.raises(ValidationError) as caught:
        EXPERIMENTS["lottery"].params.model_validate(raw)
    found = [refusal(error) for error in caught.value.errors()]
    assert any(item.startswith(said) for item in found), found
    assert [item for item in found if LIBRARY.search(item)] == []


class Label(BaseModel):
    """A text with bounds."""

    text: str = Field(min_length=1, max_length=3)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"text": ""}, "must have at least 1 character"),
        ({"text": "long"}, "must have at most 3 characters"),
        ({"text": 1}, "must be text"),
        ({}, "needs a value"),
        ([], "must be an object with named fields"),
    ],
)
def test_texts_and_what_is_missing(given: Any, said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Label.model_validate(given)
    assert [refusal(error) for error in caught.value.errors()] == [said]
