"""How a field or measure that a reader names is found."""

import pytest

from app.search.fields import path_of


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("accuracy@5%", "result.accuracy@5%"),
        ("accuracy@0.5", "result.accuracy@0.5%"),
        ("result.accuracy@12.5%", "result.accuracy@12.5%"),
        ("accuracy", "result.accuracy"),
        ("optimizer.lr", "optimizer.lr"),
        ("lr", "optimizer.lr"),
        ("speed_of_light", "speed_of_light"),
        ("speed@5", "speed@5%"),
    ],
)
def test_a_short_name_is_the_path_that_alone_ends_so(name: str, path: str) -> None:
    assert path_of(name) == path
