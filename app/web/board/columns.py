"""Fields of specs as columns of the board: those that differ among its runs, or those that its reader chose."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.search.facts import Fact
from app.search.fields import spec_fields

MOST = 3
"""Columns that come by themselves."""
_SHOWN = ("kind", "dataset", "model")
"""Fields that every row has anyway."""


@dataclass(frozen=True)
class Column:
    """A field by its path; `title` is the shortest name that means it alone."""

    path: str
    title: str
    numeric: bool


def differing(facts: Mapping[str, Sequence[Fact]], most: int = MOST) -> list[Column]:
    """Return at most `most` fields that half of the runs have, with values that differ; components first."""
    paths = dict.fromkeys(fact.path for each in facts.values() for fact in each)
    runs = [_values(each) for each in facts.values()]
    found = []
    for path in paths:
        there = [run[path] for run in runs if path in run]
        if path not in _SHOWN and len(set(there)) > 1 and 2 * len(there) >= len(runs):
            found.append(path)
    # What the components are differs less often than their settings, and explains them.
    found.sort(key=lambda path: "." in path)
    return [column(path) for path in found[:most]]


def column(path: str) -> Column:
    """Return the column of a path, or of a field by its last part where one path alone has it."""
    known = spec_fields()
    alike = [each for each in known if each == path or each.rpartition(".")[2] == path]
    path = path if path in known or len(alike) != 1 else alike[0]
    leaf = path.rpartition(".")[2]
    alone = sum(each.rpartition(".")[2] == leaf for each in known) == 1
    return Column(path, (leaf if alone else path).replace("_", " "), known.get(path) == frozenset({"number"}))


def chosen(text: str, facts: Mapping[str, Sequence[Fact]]) -> list[Column]:
    """Return the columns that a link names, separated by commas; an empty one leaves the choice to the runs."""
    if not text:
        return differing(facts)
    return [column(path) for path in dict.fromkeys(text.split(",")) if is_field(path)]


def offered(columns: Sequence[Column], facts: Mapping[str, Sequence[Fact]]) -> list[Column]:
    """Return what a reader can choose from: the columns that are shown, then every other field of these runs."""
    paths = dict.fromkeys(each.path for each in columns) | dict.fromkeys(
        fact.path for each in facts.values() for fact in each if fact.path not in _SHOWN
    )
    return [column(path) for path in paths]


def is_field(path: str) -> bool:
    """Whether a spec has such a field."""
    return any(path in (spec_field, spec_field.rpartition(".")[2]) for spec_field in spec_fields())


def cells(columns: Sequence[Column], facts: Sequence[Fact]) -> tuple[str, ...]:
    """Return what a run has in each column, its values separated by commas; empty where it has no such field."""
    values = _values(facts)
    return tuple(", ".join(values.get(each.path, ())) for each in columns)


def _values(facts: Sequence[Fact]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for fact in facts:
        written = f"{fact.number:g}" if fact.number is not None else fact.text or ""
        found[fact.path] = (*found.get(fact.path, ()), written)
    return found
