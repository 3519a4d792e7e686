"""CSV leaves without formulas, and its numbers stay numbers."""

import csv
import io

import pytest

from app.plotting.entry import to_csv


@pytest.mark.parametrize("name", ["=1+1", "+cmd", "-cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", "\r=1", "=", "-"])
def test_text_like_a_formula_becomes_text(name: str) -> None:
    rows = list(csv.reader(io.StringIO(to_csv({name: [name, "fc1"]}), newline="")))
    shown = "'" + name.replace("\r", "\n")
    assert rows == [[shown], [shown], ["fc1"]]


@pytest.mark.parametrize("name", ["fc1", "a=b", "x-1", "'=1", "слой", "", " =1", "a\nb", 'a"b', "1,5"])
def test_other_text_is_left_as_it_is(name: str) -> None:
    rows = list(csv.reader(io.StringIO(to_csv({"layer": [name], "n": [1]}), newline="")))
    assert rows == [["layer", "n"], [name, "1"]]


def test_numbers_stay_numbers() -> None:
    values = [-0.5, -3, 1e-7, "-0.5", "+2", "-1e-5", "-.5", None, float("nan")]
    assert to_csv({"value": values, "n": [0] * 9}).splitlines()[1:] == [
        "-0.5,0", "-3,0", "1e-07,0", "-0.5,0", "+2,0", "-1e-5,0", "-.5,0", ",0", ",0",
    ]  # fmt: skip
