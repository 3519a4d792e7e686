"""Numbers as they are written in findings."""

import re
from pathlib import Path

import pytest

from app.contract.words import plural
from app.plotting import words
from app.plotting.words import Part


@pytest.mark.parametrize(
    ("share", "written"),
    [
        (1.0, "100 %"),
        (0.9996, "100 %"),
        (0.5132, "51.3 %"),
        (0.0139, "1.4 %"),
        (0.0094, "0.94 %"),
        (0.00051, "0.051 %"),
    ],
)
def test_density(share: float, written: str) -> None:
    assert words.density(share) == written


@pytest.mark.parametrize(
    ("number", "written"),
    [(0.0, "0"), (12.0, "12"), (1234.0, "1,234"), (0.02, "fewer than 0.1"), (1 / 3, "0.33"), (12.34, "12.3")],
)
def test_average(number: float, written: str) -> None:
    assert words.average(number) == written


@pytest.mark.parametrize(
    ("difference", "written"),
    [(-0.0005, "−0.05"), (0.0005, "+0.05"), (0.0, "0.00"), (-0.00001, "0.00"), (0.1234, "+12.34")],
)
def test_points_carry_a_true_sign(difference: float, written: str) -> None:
    assert words.points(difference) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.0484, "0.0484"),
        (2.234, "2.23"),
        (1234.5, "1,234"),
        (-0.5, "−0.500"),
        (0.0, "0"),
        (float("nan"), "not finite"),
        (65_536.0, "65,536"),
        (119_419_409_475.5, "1.19 × 10¹¹"),
        (-99_999.6, "−1.00 × 10⁵"),
        (0.000123, "0.000123"),
        (4.56e-7, "4.56 × 10⁻⁷"),
    ],
)
def test_significant(value: float, written: str) -> None:
    assert words.significant(value) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [(0.05, "0.05"), (100.0, "100"), (50_000.0, "50,000"), (1e-7, "10⁻⁷"), (2e9, "2 × 10⁹"), (-1.5, "−1.5"), (0, "0")],
)
def test_brief(value: float, written: str) -> None:
    assert words.brief(value) == written


@pytest.mark.parametrize(
    ("counts", "written", "by_level"),
    [
        ([2, 2], "2 replicates", "2 replicates"),
        ([1, 0], "1 replicate", "1 replicate"),
        ([3, 0, 1], "1 to 3 replicates", "1 to 3 replicates by level"),
    ],
)
def test_how_many_replicates(counts: list[int], written: str, by_level: str) -> None:
    assert (words.replicates(counts), words.by_level(counts)) == (written, by_level)


def test_lists_and_plurals() -> None:
    joined = words.listed([[Part("a "), Part("1", "reinit")], [Part("b")], [Part("c")]], " and ")
    assert words.text(tuple(joined)) == "a 1, b and c"
    assert plural(1, "replicate") == "1 replicate"
    assert plural(1200, "step") == "1,200 steps"


def test_no_line_ends_between_a_number_and_what_belongs_to_it() -> None:
    text = "SGD at lr 1: 85.0 ± 7.1 % at step 10, and dualised"
    assert words.glued(Part(text, "sgd")) == Part("SGD at lr 1: 85.0\xa0±\xa07.1\xa0% at step 10, and dualised", "sgd")


@pytest.mark.parametrize(
    ("left_out", "end"), [(0, "."), (-2, "."), (1, "; and 1 other level."), (3, "; and 3 other levels.")]
)
def test_a_list_has_one_end(left_out: int, end: str) -> None:
    assert words.ending(left_out, "level") == end


def test_no_sentence_ends_twice() -> None:
    """Such as "; …." where a list was cut."""
    for file in (Path(__file__).parents[3] / "app").rglob("*.py"):
        assert not re.search(r"…\.[\"' ]|\.…", file.read_text()), file
