"""Stored specs keep their meaning: keys and defaults are pinned, and what pins them refuses to lose one."""

import copy
import json
from typing import Any

import pytest

from tests.contracts import pins


def test_keys_and_defaults_are_pinned() -> None:
    """A key may be added; one that changes or goes leaves old runs unreadable, and a default changes what they mean."""
    assert json.loads(pins.FILE.read_text()) == pins.pins(), "run `make generated` and look at the diff"


def test_forms_list_methods_in_the_pinned_order() -> None:
    pinned = json.loads(pins.FILE.read_text())["methods"]
    assert {group: list(names) for group, names in pinned.items()} == {
        group: list(names) for group, names in pins.pins()["methods"].items()
    }


def _without(tree: dict[str, Any], *path: str) -> dict[str, Any]:
    changed = copy.deepcopy(tree)
    inner = changed
    for name in path[:-1]:
        inner = inner[name]
    del inner[path[-1]]
    return changed


@pytest.mark.parametrize(
    "path", [("methods", "optimizer", "adam"), ("methods", "pruning", "global_magnitude", "rate"), ("spec", "rewind")]
)
def test_a_pin_that_would_be_lost_is_named(path: tuple[str, ...]) -> None:
    now = pins.pins()
    assert list(pins.losses(now, _without(now, *path))) == [".".join(path)]
    assert list(pins.losses(_without(now, *path), now)) == []  # added


def test_a_default_that_would_change_is_named_and_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    now = pins.pins()
    now["methods"]["optimizer"]["adam"]["lr"] = 0.1
    monkeypatch.setattr(pins, "pins", lambda: now)
    with pytest.raises(ValueError, match=r"methods\.optimizer\.adam\.lr: stored specs would get another meaning"):
        pins.text()


def test_a_kind_may_be_added_but_not_go() -> None:
    assert list(pins.losses({"experiments": ["a"]}, {"experiments": ["a", "b"]})) == []
    assert list(pins.losses({"experiments": ["a"]}, {"experiments": ["b"]})) == ["experiments"]
