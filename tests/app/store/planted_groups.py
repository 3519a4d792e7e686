"""Groups of planted runs found the slow way: by NumPy over lists in Python."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from app.records import GroupOfRuns
from tests.app.store.planted import Planted

Values = tuple[float | str, ...]


class Group(NamedTuple):
    """A group as a reader sees it: what its runs share, its runs by state, and n, mean and deviation of columns."""

    value: str
    states: dict[str, int]
    columns: dict[str, tuple[int, float, float | None]]


def groups_of(
    runs: Sequence[Planted], values: Callable[[Planted], Sequence[float | str]], columns: Sequence[str], sort: str
) -> list[Group]:
    """Return all groups of these runs in order, of which those without a value that they are sorted by come last."""
    descending, by = sort.startswith("-"), sort.removeprefix("-")
    members: dict[Values, list[Planted]] = {}
    for run in runs:
        members.setdefault(tuple(values(run)), []).append(run)
    keys = sorted(members, key=_rank)
    found = {key: _group(key, members[key], columns) for key in keys}
    match by:
        case "value":
            ranked = [key for key in keys if key]
            ranked = ranked[::-1] if descending else ranked
        case "n":
            ranked = sorted(keys, key=lambda key: len(members[key]), reverse=descending)
        case _:
            ranked = [key for key in keys if by in found[key].columns]
            ranked = sorted(ranked, key=lambda key: found[key].columns[by][1], reverse=descending)
    return [found[key] for key in (*ranked, *(key for key in keys if key not in ranked))]


def seen(item: GroupOfRuns) -> Group:
    """Return a group of the store in the same form."""
    columns = {name: (spread.n, spread.mean, spread.sd) for name, spread in item.columns.items()}
    return Group(item.value, dict(item.states), columns)


def _group(key: Values, runs: Sequence[Planted], columns: Sequence[str]) -> Group:
    spreads = {}
    for name in columns:
        numbers = np.array([run.values(name)[0] for run in runs if len(run.values(name)) == 1], float)
        if len(numbers):
            spreads[name] = (len(numbers), numbers.mean(), numbers.std(ddof=1) if len(numbers) > 1 else None)
    return Group(_text(key), dict(Counter(run.state for run in runs)), spreads)


def _text(key: Values) -> str:
    return ", ".join(f"{each:g}" if isinstance(each, float) else _plain(each) for each in key)


def _plain(text: str) -> str:
    try:
        return f"{float(text):g}"
    except ValueError:
        return text


def _rank(key: Values) -> tuple[float, str]:
    try:
        number = float(key[0]) if key else math.nan
    except ValueError:
        number = math.nan
    if math.isnan(number):
        return math.inf, _text(key)
    return number, "" if len(key) == 1 else _text(key)
