import pytest

from app.web.core.accept import best


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("text/csv", "text/csv"),
        ("text/*", "text/csv"),
        ("application/json;q=0.5, text/csv;q=0.9", "text/csv"),
        ("text/csv, application/json", "application/json"),
        ("TEXT/CSV; charset=utf-8", "text/csv"),
        ("text/csv;q=zero, application/json;q=0.1", "application/json"),
        (";;,,", "application/json"),
    ],
)
def test_the_offer_with_the_highest_quality_is_chosen(accept: str, chosen: str) -> None:
    assert best(accept, ("application/json", "text/csv")) == chosen
