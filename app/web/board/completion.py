"""What a search can be completed by: fields, and the words that a field can be."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import get_args

from app.kinds.specs import NAMES
from app.methods.catalog import CATALOG
from app.records import PRIORITIES, State
from app.search.fields import words
from app.store.owners import ME


def completion(owners: Sequence[str] = ()) -> Mapping[str, tuple[str, ...]]:
    """Return every field that a query can name, with its words where these are known; `owners` only with accounts."""
    if owners:
        return {**_fixed(), "owner": (ME, *owners)}
    return {name: values for name, values in _fixed().items() if name != "owner"}


@cache
def _fixed() -> Mapping[str, tuple[str, ...]]:
    known = {
        "state": tuple(get_args(State)),
        "kind": tuple(NAMES),
        "priority": PRIORITIES,
        "model": tuple(CATALOG["model"]),
        "dataset": tuple(CATALOG["dataset"]),
    }
    return {**words(), **known}
