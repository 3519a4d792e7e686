"""JSON in which a name stands twice has no meaning."""

import json

import pytest

from app import unique_json


@pytest.mark.parametrize("text", ["7", "[]", '{"a": {"a": [{"a": 1}, {"a": 2}]}}', '"\\u00e9"', "null"])
def test_what_is_said_once_is_read(text: str) -> None:
    assert unique_json.loads(text) == json.loads(text)


@pytest.mark.parametrize(
    ("text", "path"),
    [('{"a": 1, "a": 1}', "a"), ('{"b": [0, {"c": {"d": 1, "e": 2, "d": 3}}]}', "b.1.c.d"), ('{"": 1, "": 2}', "")],
)
def test_what_is_said_twice_is_named(text: str, path: str) -> None:
    with pytest.raises(unique_json.RepeatedNameError) as caught:
        unique_json.loads(text)
    assert caught.value.path == path


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, b"\xff"])
def test_what_is_no_json_is_refused(text: str | bytes) -> None:
    with pytest.raises((ValueError, RecursionError)):
        unique_json.loads(text)
