"""JSON of any client, in which no name occurs twice: which of its values was meant cannot be known."""

import json
from typing import Any


class RepeatedNameError(ValueError):
    """An object has two values under one name; `path` is dotted."""

    def __init__(self, path: str) -> None:
        super().__init__(f"{path} occurs twice in one object")
        self.path = path


class _Object(dict[str, Any]):
    repeated: str | None = None


def loads(text: str | bytes) -> Any:
    """Return the document. Raises RepeatedNameError, and ValueError or RecursionError when it is no JSON."""
    document = json.loads(text, object_pairs_hook=_object)
    _check(document, "")
    return document


def _object(pairs: list[tuple[str, Any]]) -> _Object:
    document = _Object(pairs)
    if len(document) < len(pairs):
        names = [name for name, _ in pairs]
        document.repeated = next(name for name in names if names.count(name) > 1)
    return document


def _check(value: Any, path: str) -> None:
    if isinstance(value, _Object):
        if value.repeated is not None:
            raise RepeatedNameError(f"{path}{value.repeated}")
        for name, item in value.items():
            _check(item, f"{path}{name}.")
    elif isinstance(value, list):
        for number, item in enumerate(value):
            _check(item, f"{path}{number}.")
