"""Names, tags and notes are kept as written or refused by the name of their field."""

import pytest

from app.contract.experiment import FieldError
from app.kinds.lottery.spec import LotterySpec
from app.store.labels import check_name, check_notes, check_tags, search_text


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "🎟️ ticket", "naïve 你好", "x" * 200, "a%b_c", "👩‍🔬 می‌خواهم", "e\u0301"]
)
def test_any_one_line_is_a_name(name: str) -> None:
    assert check_name(f"  {name} ") == name


@pytest.mark.parametrize("name", ["", "   ", "x" * 201, "two\nlines", "nul\0", "half \ud800", "line\u2028sep"])
def test_bad_names_are_refused(name: str) -> None:
    with pytest.raises(FieldError) as caught:
        check_name(name)
    assert caught.value.field == "name"


@pytest.mark.parametrize("code", [0x200B, 0x200D, 0xFEFF, 0x202E, 0x2066, 0x00AD, 0xE0041, 0x3164, 0x2800, 0xFE0F])
def test_invisible_characters_are_named_and_refused(code: int) -> None:
    for text in (chr(code), f"{chr(code)} {chr(code)}", *([f"run{chr(code)}s"] if code != 0xFE0F else [])):
        for check in (check_name, lambda text: check_tags([text])):
            with pytest.raises(FieldError, match=f"contains the invisible character U\\+{code:04X}"):
                check(text)


def test_tags_are_kept_once_and_in_order() -> None:
    assert check_tags([" b", "a", "b "]) == ["b", "a"]


@pytest.mark.parametrize("tags", [["x" * 41], [""], ["a\nb"], [str(i) for i in range(21)]])
def test_bad_tags_are_refused(tags: list[str]) -> None:
    with pytest.raises(FieldError) as caught:
        check_tags(tags)
    assert caught.value.field == "tags"


def test_notes_may_have_lines_but_no_end() -> None:
    assert check_notes("one\n\ttwo\r\n") == "one\n\ttwo\r\n"
    for notes in ("x" * 10_001, "\0"):
        with pytest.raises(FieldError) as caught:
            check_notes(notes)
        assert caught.value.field == "notes"


def test_the_search_text_has_a_line_for_each_thing(spec: LotterySpec) -> None:
    assert search_text("Größe", ["Tag"], spec).split("\n") == [
        "",
        "grösse",
        "#tag",
        "lottery",
        "lenet_300_100",
        "digits",
        "",
    ]


def test_a_comma_in_a_tag_is_refused_as_forms_separate_tags_by_it() -> None:
    with pytest.raises(FieldError, match="comma"):
        check_tags(["one", "two, three"])
