"""What a form of an import holds besides its files and labels: roles, places, and what 1 means."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, cast, get_args

from app.contract.experiment import FieldError
from app.imports.table import Choice, Choices, OneMeans

NAMES: Final = ("roles", "one_means", "places", "accuracies", "architecture_of", "architecture_layers")


class Fields(NamedTuple):
    """Decisions of a reader: `places` are (replicate, level) of each file, none where names show them.

    `accuracies` is CSV as it was given. `architecture_of` is the id of a run, "" for none; `architecture_layers` holds
    its layer by that of the files.
    """

    choices: Choices
    places: Sequence[tuple[int, int]]
    accuracies: str
    architecture_of: str = ""
    architecture_layers: Mapping[str, str] = {}


def fields_of(given: Sequence[tuple[str, str]]) -> Fields:
    """Return the decisions of a form. Raises FieldError."""
    last = dict(given)
    one_means = last.get("one_means", "")
    if one_means not in get_args(OneMeans):
        raise FieldError("one_means", "must be kept or pruned")
    choices = Choices(_roles(last.get("roles", "")), cast(OneMeans, one_means))
    return Fields(
        choices,
        _places(last.get("places", "")),
        last.get("accuracies", ""),
        last.get("architecture_of", "").strip(),
        _layers(last.get("architecture_layers", "")),
    )


def _roles(text: str) -> dict[str, Choice]:
    roles = _json("roles", text, {})
    if not isinstance(roles, dict):
        raise FieldError("roles", "must be a JSON object of roles by tensor")
    for name, role in roles.items():
        if role not in get_args(Choice):
            raise FieldError("roles", f"of {name[:120]!r} must be one of {', '.join(get_args(Choice))}")
    return roles


def _layers(text: str) -> dict[str, str]:
    layers = _json("architecture_layers", text, {})
    if not isinstance(layers, dict) or not all(isinstance(other, str) for other in layers.values()):
        raise FieldError("architecture_layers", "must be a JSON object: the run's layer by that of the files")
    return layers


def _places(text: str) -> list[tuple[int, int]]:
    places = _json("places", text, [])
    if not isinstance(places, list) or not all(
        isinstance(item, list) and len(item) == 2 and all(type(n) is int and 0 <= n <= 60 for n in item)
        for item in places
    ):
        raise FieldError("places", "must be a JSON list of [replicate, level] for each file, each from 0 to 60")
    return [(replicate, level) for replicate, level in places]


def _json(field: str, text: str, absent: Any) -> Any:
    if not text.strip():
        return absent
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise FieldError(field, "is not JSON") from None
