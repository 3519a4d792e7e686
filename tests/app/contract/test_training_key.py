"""Keys of trainings: canonical text, words, values from text, and what a kind may not declare."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as some
from pydantic import Field, ValidationError

from app.contract.training_key import Coordinate, TrainingKey
from app.kinds.erasure.spec import ErasureKey
from app.kinds.lottery.spec import LotteryKey


class Pair(TrainingKey):
    first: int = Field(title="First run")
    rate: float
    label: str | None = None


@given(some.integers(0, 99), some.floats(allow_nan=False, allow_infinity=False), some.text() | some.none())
def test_the_text_is_the_key_to_the_bit(first: int, rate: float, label: str | None) -> None:
    key = Pair(first=first, rate=rate, label=label)
    again = Pair.model_validate_json(key.text)
    assert (again, hash(again), again.text) == (key, hash(key), key.text)
    assert math.copysign(1, again.rate) == math.copysign(1, rate)


def test_the_text_is_in_the_declared_order_without_spaces_and_floats_are_shortest() -> None:
    key = ErasureKey(lr=1e-05, optimizer="adam", image="none", width=16)
    assert key.text == '{"width":16,"image":"none","optimizer":"adam","lr":1e-05}'
    assert ErasureKey(width=16, image="none", optimizer="adam", lr=1).text.endswith('"lr":1.0}')


def test_coordinates_have_a_type_and_a_title() -> None:
    assert Pair.coordinates() == (
        Coordinate("first", int, "First run"), Coordinate("rate", float, "Rate"), Coordinate("label", str, "Label"),
    )  # fmt: skip


def test_words_leave_out_what_is_shared_by_several() -> None:
    assert ErasureKey(width=16, image="picture").words == "width 16, image picture"
    assert LotteryKey(level=2, control="magnitude_at_init", draw=1).words == "level 2, magnitude at init 2"
    assert LotteryKey().words == "dense network"


@pytest.mark.parametrize("text", ["", "x", "1.5", "-1", "true", str(2**31)])
def test_a_text_that_a_coordinate_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"int|equal|exceed"):
        LotteryKey.value_of("level", text)


def test_a_value_comes_from_text_in_its_own_type() -> None:
    assert LotteryKey.value_of("level", "3") == 3
    assert ErasureKey.value_of("lr", "1e-5") == 1e-05
    for text in ("nan", "inf", "0"):
        with pytest.raises(ValueError, match=r"finite|greater than 0"):
            ErasureKey.value_of("lr", text)
    with pytest.raises(KeyError):
        LotteryKey.value_of("width", "3")


@pytest.mark.parametrize("name", ["replicate", "name", "format", "value", "step"])
def test_a_name_that_series_use_for_something_else_cannot_be_declared(name: str) -> None:
    with pytest.raises(TypeError, match=name):
        type("Bad", (TrainingKey,), {"__annotations__": {name: int}})


def test_a_type_that_no_column_has_cannot_be_declared() -> None:
    with pytest.raises(TypeError, match=r"Bad\.pair: a coordinate is an int, a float or a str"):
        type("Bad", (TrainingKey,), {"__annotations__": {"pair": tuple[int, int]}})


def test_a_key_is_not_changed_and_has_nothing_else() -> None:
    with pytest.raises(ValidationError):
        LotteryKey.model_validate({"level": 1, "width": 3})
    with pytest.raises(ValidationError):
        LotteryKey().level = 1  # type: ignore[misc]
