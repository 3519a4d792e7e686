"""Two letters and a colour for a person."""

import pytest

from app.files import STATIC
from app.web.core.words import TINTS, initials, tint


@pytest.mark.parametrize(
    ("name", "letters"), [("mia", "MI"), ("ada.lovelace", "AL"), ("a-b_c", "AB"), ("ab", "AB"), ("émile", "ÉM")]
)
def test_initials(name: str, letters: str) -> None:
    assert initials(name) == letters


def test_people_of_the_same_initials_seldom_have_the_same_colour() -> None:
    names = [f"mi{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"]
    tints = [tint(name) for name in names]
    assert {initials(name) for name in names} == {"MI"}
    assert set(tints) == set(range(TINTS))
    assert tint("Mia") == tint("mia") == tint("ｍｉａ")
    style = (STATIC / "css/parts.css").read_text()
    assert [n for n in range(TINTS) if f".tint-{n} {{" not in style] == []
