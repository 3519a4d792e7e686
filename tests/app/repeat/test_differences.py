"""Differences are found to the bit, and told with their place and size."""

from math import inf, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from app.contract.outputs import Key, Rows, Saved
from app.kinds.lottery.spec import LotteryKey
from app.repeat.differences import compare, difference, of_values

COLUMNS = ("step", "loss", "accuracy")
TABLE = np.array([[0.0, 100.0, 200.0], [2.3, nan, 0.25], [0.1, 0.5, 0.9]])


def rows(table: np.ndarray = TABLE, columns: tuple[str, ...] = COLUMNS) -> Rows:
    return Rows(columns, table)


def changed(column: int, row: int, value: float) -> np.ndarray:
    table = TABLE.copy()
    table[column, row] = value
    return table


def test_rows_are_the_same_where_nan_is_nan() -> None:
    assert difference(rows(), rows(TABLE.copy())) == ""


def test_the_first_value_that_differs_is_told_row_by_row() -> None:
    table = changed(2, 1, 0.75)
    table[1, 2] = 1.25
    told = difference(rows(), rows(table))
    assert told == "2 of 9 values differ, by 1 at most, first accuracy at step 100: 0.5 then, 0.75 now"


def test_one_bit_is_enough() -> None:
    one = TABLE.copy()
    one.view("u8")[1, 0] ^= 1
    told = difference(rows(), rows(one))
    assert told.startswith("1 of 9 values differ, by 4.44 × 10⁻¹⁶ at most, first loss at step 0: ")
    # Two numbers next to each other are not shown alike.
    then, now = told.rpartition(": ")[2].removesuffix(" now").split(" then, ")
    assert float(then) != float(now)
    assert difference(rows(changed(1, 1, 0.0)), rows(changed(1, 1, -0.0))).startswith("1 of 9 values differ, by 0 at")


def test_what_is_not_finite_is_told() -> None:
    assert ", some of them not finite, first loss at step 200: 0.25 then, nan now" in difference(
        rows(), rows(changed(1, 2, nan))
    )
    assert "by" not in difference(rows(changed(1, 2, inf)), rows(changed(1, 2, -inf))).partition(", first")[0]


def test_fewer_rows_and_other_columns_are_told() -> None:
    assert difference(rows(), rows(TABLE[:, :2])) == "3 rows then, 2 now"
    told = difference(rows(), rows(changed(0, 0, 1.0)[:, :2]))
    assert told == "3 rows then, 2 now; 1 of 6 values differ, by 1 at most, first step at step 0: 0 then, 1 now"
    assert difference(rows(), rows(TABLE[:2], COLUMNS[:2])) == "columns step, loss, accuracy then, step, loss now"


def test_a_series_without_steps_is_told_by_row() -> None:
    told = difference(Rows(("kept",), np.array([[1.0, 2.0]])), Rows(("kept",), np.array([[1.0, 3.0]])))
    assert told.endswith("first kept at row 1: 2 then, 3 now")


def test_artifacts_are_told_apart_by_their_hashes() -> None:
    assert difference(Saved("a", 1000), Saved("a", 1000)) == ""
    assert difference(Saved("a", 1000), Saved("b", 1000)) == "other bytes"
    assert difference(Saved("a", 1000), Saved("b", 1004)) == "other bytes: 1,000 then, 1,004 now"
    with pytest.raises(TypeError):
        difference(Saved("a", 1), rows())


@given(arrays(np.float64, (3, 4)), st.integers(0, 11), st.integers(0, 63))
def test_any_flipped_bit_is_one_difference(table: np.ndarray, where: int, bit: int) -> None:
    flipped = table.copy()
    flipped.view("u8").flat[where] ^= np.uint64(1 << bit)
    assert of_values(table, table.copy()) == ""
    assert of_values(table, flipped).startswith("1 of 12 values differ")


@pytest.mark.parametrize("dtype", ["f4", "f8", "u1", "i8", "f2"])
def test_values_of_any_width_are_compared(dtype: str) -> None:
    then = np.array([1, 2, 3], dtype)
    now = np.array([1, 2, 5], dtype)
    assert of_values(then, then.copy()) == ""
    assert of_values(then, now) == "1 of 3 values differ, by 2 at most"


def test_each_key_is_counted_once() -> None:
    key = {name: Key(LotteryKey(level=level), "rows", name) for level, name in enumerate("abcd")}
    then = {key["a"]: rows(), key["b"]: rows(), key["c"]: rows()}
    now = {key["d"]: rows(), key["b"]: rows(TABLE[:, :1]), key["a"]: rows()}
    compared = compare(then, now)
    assert compared.same == [key["a"]]
    assert compared.different == {key["b"]: "3 rows then, 1 now"}
    assert (compared.only_then, compared.only_now) == ([key["c"]], [key["d"]])
