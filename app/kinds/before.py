"""How trainings were named up to revision 0005 of the database: by a level, a branch and a draw, whatever their kind.

Revision 0006 converts the tables by it, and workers convert checkpoints of before when they read them. The rule of each
kind of then is in `app/kinds/<kind>/before.py`; it reads the stored JSON of a spec, so that it stays as it is.
"""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any, Final, NamedTuple, TypeAlias

TICKET: Final = "winning_ticket"
"""The branch of what had none."""
Spec: TypeAlias = Mapping[str, Any]
Coordinates: TypeAlias = dict[str, int | float | str | None]


class Place(NamedTuple):
    """What named a training."""

    level: int
    branch: str
    draw: int


def converted(kind: str, spec: Spec, place: Place, row: Mapping[str, float] | None = None) -> Coordinates:
    """Return the coordinates of a training, in the order that its kind declares; `row` is its first measured one.

    Raises ValueError for a place that no run of this spec could have had.
    """
    try:
        coordinates: Coordinates = _module(kind).converted(spec, place, row or {})
    except LookupError as error:
        raise ValueError(f"a run of kind {kind!r} has no training at {place}: {error!r}") from error
    return coordinates


def converted_state(kind: str, spec: Spec, state: Any) -> Any:
    """Return the state of a checkpoint with coordinates in the place of every place, however deep it lies."""
    own = getattr(_module(kind), "converted_state", None)
    return own(state) if own else _walked(kind, spec, state)


def _walked(kind: str, spec: Spec, part: Any) -> Any:
    if isinstance(part, list):
        return [_walked(kind, spec, item) for item in part]
    if not isinstance(part, dict):
        return part
    if part.keys() == set(Place._fields):
        return converted(kind, spec, Place(**part))
    return {name: _walked(kind, spec, item) for name, item in part.items()}


@cache
def _module(kind: str) -> ModuleType:
    name = f"app.kinds.{kind}.before"
    if find_spec(name) is None:
        raise LookupError("there was no such kind")
    return import_module(name)
