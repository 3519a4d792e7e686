"""Times and sizes in words."""

from datetime import UTC, datetime, timedelta

import pytest

from app.contract.words import plural
from app.web.core import words


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "under 1 s"), (12.4, "12 s"), (89.4, "89 s"), (90, "2 min"), (240, "4 min"), (3600, "60 min"),
        (7800, "2 h 10 min"), (7200, "2 h"), (40_000, "11 h"), (200_000, "2 d 8 h"), (2_000_000, "23 d"),
    ],
)  # fmt: skip
def test_durations(seconds: float, text: str) -> None:
    assert words.duration(seconds) == text


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        ("A live sweep: ", "lr 0.001, batch size 60"), ("Does it hold on digits? ", "lr 0.001, seed 1"),
        ("What: a question, longer: ", "lr 1e-05"), ("Do tickets survive below ", "2 percent"), ("short: lr 0.1", ""),
        ("one_word_without_any_space_in_it_0123456789", ""), ("Ends with a colon, it seems: ", ""),
    ],
)  # fmt: skip
def test_a_long_name_keeps_its_end(begin: str, end: str) -> None:
    assert "".join(words.name_parts(begin + end)) == begin + end
    if end:
        assert words.name_parts(begin + end) == (begin, end)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "just now"), (3, "just now"), (59, "59 s ago"), (61, "1 min ago"), (7300, "2 h ago"),
        (100_000, "yesterday"), (200_000, "2 days ago"),
    ],
)  # fmt: skip
def test_ages(seconds: float, text: str) -> None:
    now = datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert words.ago(now - timedelta(seconds=seconds), now) == text


@pytest.mark.parametrize(
    ("n_bytes", "text"), [(0, "0 B"), (812, "812 B"), (1300, "1.3 kB"), (96_000, "96 kB"), (9.2e6, "9.2 MB")]
)
def test_sizes(n_bytes: float, text: str) -> None:
    assert words.size(n_bytes) == text


def test_plurals() -> None:
    assert (plural(1, "run"), plural(0, "run"), plural(1200, "run")) == (
        "1 run",
        "0 runs",
        "1,200 runs",
    )


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [(60 * 2, 60 * 5, "2 to 5 min"), (51, 306, "51 s to 5 min"), (0.2, 4, "under 1 s to 4 s"), (240, 241, "4 min"),
     (7800, 9000, "2 h 10 min to 2 h 30 min"), (40_000, 80_000, "11 to 22 h")],
)  # fmt: skip
def test_ranges_of_time(low: float, high: float, text: str) -> None:
    assert words.span(low, high) == text
