"""Fields of a spec by their paths: whether one is there, and specs with other values in them."""

import copy
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple

from app.contract.experiment import FieldError
from app.search.fields import spec_fields

_FIXED = {"kind": "every member of a sweep is of the same kind"}


class Place(NamedTuple):
    """Where a field is in a spec as JSON: `parts` are keys and indices, `path` is its one name."""

    path: str
    parts: tuple[str | int, ...]

    def get(self, spec: Mapping[str, Any]) -> Any:
        """Return the value, None where the spec leaves the field out."""
        here: Any = spec
        for part in self.parts:
            if isinstance(here, Mapping) and part not in here:
                return None
            here = here[part]
        return here


def place(spec: Mapping[str, Any], path: str) -> Place:
    """Return where a field is, `optimizer.lr` or `optimizer.adam.lr`. Raises FieldError where it is not."""
    if path in _FIXED:
        raise FieldError(path, _FIXED[path])
    here: Any = spec
    names: list[str] = []
    parts: list[str | int] = []
    for number, part in enumerate(given := path.split(".")):
        last = number == len(given) - 1
        if isinstance(here, Mapping) and part in here and part != "kind":
            here = here[part]
            names.append(part)
            parts.append(part)
        elif isinstance(here, Mapping) and part == here.get("kind") and not last and number:
            continue  # a form names the chosen component as well
        elif isinstance(here, list) and (at := _index(here, part)) is not None:
            here = here[at]
            names.append(part)
            parts.append(at)
        elif last and isinstance(here, Mapping) and number and _known(".".join([*names, part])):
            # Another component has it: the field of a member whose component is of another axis.
            names.append(part)
            parts.append(part)
        else:
            raise FieldError(path, _absent(path, names, here, given[number + 1 :]))
    return Place(".".join(names), tuple(parts))


def put(spec: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of a spec with these values by path, components before what is in them. Raises FieldError."""
    changed: dict[str, Any] = copy.deepcopy(dict(spec))
    for path in sorted(values, key=lambda path: path.count(".")):
        spot = place(changed, path)
        here: Any = changed
        for part in spot.parts[:-1]:
            here = here[part]
        value, before = values[path], spot.get(changed)
        if isinstance(value, str) and isinstance(before, Mapping) and "kind" in before:
            # A component by its name alone: as it is in the spec, or with its default settings.
            value = dict(before) if before["kind"] == value else {"kind": value}
        here[spot.parts[-1]] = copy.deepcopy(value)
    return changed


def _index(items: list[Any], kind: str) -> int | None:
    return next((i for i, item in enumerate(items) if isinstance(item, Mapping) and item.get("kind") == kind), None)


def _known(path: str) -> bool:
    return path in spec_fields()


def _absent(path: str, names: list[str], here: Any, rest: list[str]) -> str:
    leaf = path.rpartition(".")[2]
    if isinstance(here, Mapping) and "kind" in here and rest and _known(".".join([*names, *rest])):
        return f"does not apply: {names[-1]} is {here['kind']}"
    known = [field for field in spec_fields() if leaf == field.rpartition(".")[2]]
    if path in spec_fields():
        return "does not apply to this spec"
    like = known or get_close_matches(path, list(spec_fields()), n=3, cutoff=0.5)
    hint = f"; did you mean {' or '.join(like[:3])}?" if like else ""
    return f"is not a field of this spec{hint}"
