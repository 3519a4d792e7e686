"""Two letters for a person."""

import pytest

from app.web.core.words import initials


@pytest.mark.parametrize(
    ("name", "letters"), [("mia", "MI"), ("ada.lovelace", "AL"), ("a-b_c", "AB"), ("ab", "AB"), ("émile", "ÉM")]
)
def test_initials(name: str, letters: str) -> None:
    assert initials(name) == letters
