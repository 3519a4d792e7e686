"""Fields and measures of several runs as columns, and the axis that each is drawn on."""

import math
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

from app.plotting import words
from app.search.facts import leaf_of
from app.search.fields import path_of

Value: TypeAlias = float | str | None
_MOST = {"field": 5, "cost": 1, "result": 2}
_WIDE = 30.0
"""Positive numbers whose largest is at least so many times the least are on a logarithmic axis."""


class RunColumn(NamedTuple):
    """One field, result or cost, named `path`, of several runs in their order; None where a run has none."""

    path: str
    title: str
    values: tuple[Value, ...]
    group: Literal["field", "result", "cost"] = "field"

    @property
    def numeric(self) -> bool:
        """Return whether every value is a number, and there is one."""
        there = [value for value in self.values if value is not None]
        return bool(there) and all(isinstance(value, float) for value in there)

    @property
    def empty(self) -> bool:
        """Return whether no run has a value."""
        return all(value is None for value in self.values)

    @property
    def differs(self) -> bool:
        """Return whether two runs have different values."""
        return len({value for value in self.values if value is not None}) > 1

    @property
    def numbers(self) -> tuple[float, ...]:
        """Return the numbers of the column; NaN where a run has none, or a word."""
        return tuple(value if isinstance(value, float) else math.nan for value in self.values)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the words of a column that is not numeric, once: numbers by size, then others in their order."""
        there = dict.fromkeys(value for value in self.values if value is not None)
        return tuple(sorted(map(written, there), key=_size))

    @property
    def logarithmic(self) -> bool:
        """Return whether its numbers are positive and lie far apart."""
        finite = [value for value in self.numbers if math.isfinite(value)]
        return self.numeric and min(finite) > 0 and max(finite) >= _WIDE * min(finite)


def written(value: Value) -> str:
    """Return a value as a reader sees it."""
    return "none" if value is None else words.brief(value, 4) if isinstance(value, float) else value


def _size(name: str) -> tuple[float, str]:
    try:
        return float(name.split(",")[0]), name
    except ValueError:
        return math.inf, name


def usual(columns: Sequence[RunColumn]) -> list[RunColumn]:
    """Return the columns that differ, without measures at a share of kept weights: those are drawn where requested."""
    return [column for column in columns if column.differs and "@" not in column.path]


def telling(columns: Sequence[RunColumn]) -> list[RunColumn]:
    """Return what is drawn where nothing is chosen: five fields, a cost and two results that differ, the first last."""
    groups = {name: [item for item in usual(columns) if item.group == name] for name in _MOST}
    return [item for name, most in _MOST.items() for item in _ordered(name, groups[name][:most])]


def _ordered(group: str, columns: list[RunColumn]) -> list[RunColumn]:
    return columns if group == "field" else columns[::-1]


def places(column: RunColumn) -> list[float]:
    """Return where the runs are on the axis of a column, in [0, 1]; NaN for a run without a value."""
    if not column.numeric:
        names = column.names
        last = max(len(names) - 1, 1)
        return [math.nan if value is None else names.index(written(value)) / last for value in column.values]
    scale = math.log if column.logarithmic else float
    numbers = [scale(value) if math.isfinite(value) else math.nan for value in column.numbers]
    finite = [value for value in numbers if math.isfinite(value)]
    low, high = min(finite, default=0.0), max(finite, default=1.0)
    return [(value - low) / (high - low) if high > low else value * 0 + 0.5 for value in numbers]


def ticks(column: RunColumn) -> list[tuple[float, str]]:
    """Return marks of the axis of a column: its words, or the least and the largest number."""
    if not column.numeric:
        last = max(len(column.names) - 1, 1)
        return [(place / last, name) for place, name in enumerate(column.names)]
    finite = [value for value in column.numbers if math.isfinite(value)]
    ends = ((0.0, min(finite)), (1.0, max(finite)))
    return [(place, written(value)) for place, value in ends] if column.differs else [(0.5, written(finite[0]))]


def find(columns: Sequence[RunColumn], name: str) -> RunColumn | None:
    """Return the column that a query calls so: by its path, or its last part where one column alone has that."""
    path = path_of(name)
    alike = [column for column in columns if path in (column.path, leaf_of(column.path))]
    exact = [item for item in alike if item.path == path]
    return exact[0] if exact else alike[0] if len(alike) == 1 else None


def table(
    names: Sequence[str], ids: Sequence[str], groups: Sequence[str], columns: Sequence[RunColumn]
) -> dict[str, list[Any]]:
    """Return a row for each run: its id, name and line, then the columns."""
    own = {"run": list(ids), "name": list(names), "group": list(groups)}
    return {**own, **{column.path: list(column.values) for column in columns}}
