"""Queries are read as they are meant, and what cannot be read is told with its place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.contract.experiment import FieldError
from app.search.parse import DEPTH, LENGTH, TERMS, parse
from app.search.terms import All, Comparison, Either, Not, Word


def test_words_comparisons_exclusion_alternatives_and_brackets() -> None:
    assert parse("") == parse("  ") == All(())
    assert parse('one "two words"') == All((Word("one"), Word("two words")))
    assert parse("lr>1e-3") == Comparison("lr", ">", ("1e-3",), 0, 3)
    assert parse("x state:failed,queued") == All((Word("x"), Comparison("state", ":", ("failed", "queued"), 2, 8)))
    assert parse('tag:"Nice work"') == Comparison("tag", ":", ("Nice work",), 0, 4)
    assert parse("accuracy@5%≥0.9") == Comparison("accuracy@5%", ">=", ("0.9",), 0, 12)
    assert parse("-a NOT b - c a-b") == All((Not(Word("a")), Not(Word("b")), Word("-"), Word("c"), Word("a-b")))
    assert parse("a b OR c AND d") == Either((All((Word("a"), Word("b"))), All((Word("c"), Word("d")))))
    assert parse("a (b OR -(c d))") == All((Word("a"), Either((Word("b"), Not(All((Word("c"), Word("d"))))))))
    assert parse("https://x.org/a?b=c ORANGE or") == All((Word("https://x.org/a?b=c"), Word("ORANGE"), Word("or")))


@pytest.mark.parametrize(
    ("text", "place", "what"),
    [
        ("(a", 1, "not closed"),
        ("a) b", 2, "closes nothing"),
        ("a OR", 5, "missing here"),
        ("OR a", 1, "missing here"),
        ("a OR OR b", 6, "missing here"),
        ("()", 2, "missing here"),
        ('x "y', 3, "quotation marks"),
        ('tag:"y', 5, "quotation marks"),
        ("lr: 3", 4, "a value is missing"),
        ("lr>1,", 6, "a value is missing"),
        ("lr>1,2", 4, "single value"),
        ("NOT", 4, "what to exclude"),
        ("lr > 0.01", 4, "written without spaces"),
        ("lr >0.01", 4, "written without spaces"),
        ("optimizer : adam", 11, "written without spaces"),
        ("a -≤3", 4, "written without spaces"),
        ("(NOT ) a", 6, "what to exclude"),
        ("(" * 50 + "a", DEPTH + 2, "nested"),
        ("-" * 50 + "a", DEPTH + 2, "nested"),
        ("a " * 100, 2 * TERMS + 1, "more than"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(text: str, place: int, what: str) -> None:
    with pytest.raises(FieldError, match=what) as caught:
        parse(text)
    assert caught.value.field == "q"
    assert caught.value.message.startswith(f"at character {place}: ")


def test_a_query_of_a_hundred_thousand_characters_is_refused_at_once() -> None:
    with pytest.raises(FieldError, match=rf"100,000 characters; at most {LENGTH:,}"):
        parse("a" * 100_000)


@given(st.text(alphabet='ab ()"-:,<>=!ORNT1.@%\\', max_size=60))
def test_any_text_is_read_or_refused_with_a_place_in_it(text: str) -> None:
    try:
        parse(text)
    except FieldError as error:
        place = int(error.message.removeprefix("at character ").partition(":")[0])
        assert 1 <= place <= len(text) + 1
