"""Values, ranges and ranges of logarithms: as JSON, as typed, and what neither can be."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from app.contract.experiment import FieldError
from app.sweeps.axes import MOST, Axis
from app.sweeps.typed import axis, several, typed


@pytest.mark.parametrize(
    ("text", "whole", "levels"),
    [
        ("0.1, 0.3", False, [0.1, 0.3]),
        ("1..5", True, [1, 2, 3, 4, 5]),
        ("0..1 step 0.25", False, [0.0, 0.25, 0.5, 0.75, 1.0]),
        ("0.1..0.5 step 0.1", False, [0.1, 0.2, 0.3, 0.4, 0.5]),
        ("0..10 step 4", True, [0, 4, 8]),
        ("1e-4..1e-1 log 4", False, [1e-4, 1e-3, 1e-2, 1e-1]),
        ("10..1000 log 3", True, [10, 100, 1000]),
        ("1..3 log", True, [1, 2, 3]),
        ("adam, sgd", False, ["adam", "sgd"]),
        ("true, false", False, [True, False]),
        ("-1..1 step 1", True, [-1, 0, 1]),
    ],
)
def test_typed_values_are_read(text: str, whole: bool, levels: list[Any]) -> None:
    made = axis(text)
    assert made.levels(whole=whole) == levels
    assert [type(value) for value in made.levels(whole=whole)] == [type(value) for value in levels]
    assert made.count(whole=whole) == len(levels)
    assert axis(typed(made)) == made


def test_lists_are_separated_by_semicolons() -> None:
    made = axis("64; 64, 128", listed=True)
    assert made.levels(whole=False) == [[64], [64, 128]]
    assert axis(typed(made), listed=True) == made
    assert several("64; 128", listed=True)
    assert not several("64, 128", listed=True)
    assert several("1..3")
    assert not several("0.1")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1..", "is not a range"), ("..", "is not a range"), ("1..2..3", "is not a range"), ("a..b", "is not a range"),
        ("5..1", "must be above 5"), ("1..1", "must be above 1"), ("0..1 step 0", "must be above 0"),
        ("0..1 step -1", "must be above 0"), ("0..1 log 4", "must be above 0, as its logarithm is taken"),
        ("1..2 log 1", "must be at least 2"), ("1,,2", "has an empty value"), (",", "has an empty value"),
        ("0.1, 0.1", "has 0.1 twice"), ("1e999..2", "must be above inf"),
        (", ".join(map(str, range(MOST + 1))), "at most 1,000"),
    ],
)  # fmt: skip
def test_what_is_no_values_is_refused_in_words(text: str, message: str) -> None:
    with pytest.raises(FieldError) as refused:
        axis(text)
    assert message in refused.value.message or "finite" in refused.value.message


@given(st.text(max_size=60), st.booleans())
def test_any_text_is_read_or_refused_in_words(text: str, listed: bool) -> None:
    try:
        made = axis(text, listed=listed)
    except FieldError as refused:
        said = refused.message
    else:
        said = str(made.count(whole=False))
    assert said not in ("", "0")


def test_a_long_range_is_counted_and_not_made() -> None:
    made = Axis.model_validate({"range": {"low": 0, "high": 1e15, "step": 1e-9}})
    assert made.count(whole=False) == 10**24 + 1
    with pytest.raises(ValueError, match="takes"):
        made.levels(whole=False)


def test_an_axis_is_one_of_three() -> None:
    for bad in (
        {},
        {"values": [1], "range": {"low": 0, "high": 1}},
        {"value": [1]},
        {"range": {"low": True, "high": 2}},
    ):
        with pytest.raises(ValidationError):
            Axis.model_validate(bad)
