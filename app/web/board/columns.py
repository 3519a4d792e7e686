"""Facts of runs as columns of the board: fields that differ among its runs, or what its reader chose."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from app.contract.experiment import FieldError
from app.contract.measures import Measure
from app.search.facts import Fact, leaf_of
from app.search.fields import fact_fields, measure_of, path_of, types_of
from app.web.core.words import duration, short, size

MOST = 3
"""Columns that come by themselves. With three, the name of a run keeps a third of a window of 1280 pixels.

More on a wider window would need its width, which a server does not know before it answers, or move what is there.
"""
PRIORITY = "priority"
"""A column that is no fact: it can change while a run waits."""
_SHOWN = ("kind", "dataset", "model")
"""Fields that every row has anyway."""
_SHARES = ("50%", "20%", "10%", "5%", "2%", "1%")
"""Shares of kept weights that are offered; any other can be written."""
_PLAIN = (1e-6, 1e6)
"""Standard deviations that are written out."""


@dataclass(frozen=True)
class Column:
    """A field or measure by its path; `title` is the shortest name that means it alone."""

    path: str
    title: str
    numeric: bool
    measure: Measure | None = None

    def written(self, fact: Fact) -> str:
        """Return a value as a reader sees it."""
        return fact.text or "" if fact.number is None else self.number(fact.number)

    def number(self, value: float) -> str:
        """Return a number in the unit of the column."""
        if self.measure is None:
            return f"{value:g}"
        match self.measure.unit:
            case "seconds":
                return duration(value) if value else "0 s"
            case "bytes":
                return size(value)
            case _:
                return f"{value:.4g}"

    def spread(self, mean: float, sd: float | None) -> str:
        """Return mean ± standard deviation; both end at the second digit of the latter where the column has no unit."""
        if sd is None:
            return self.number(mean)
        if (self.measure is None or not self.measure.unit) and _PLAIN[0] <= sd < _PLAIN[1]:
            decimals = max(0, 1 - math.floor(math.log10(sd)))
            return f"{mean:.{decimals}f} ± {sd:.{decimals}f}"
        return f"{self.number(mean)} ± {self.number(sd)}"


def differing(facts: Mapping[str, Sequence[Fact]], most: int = MOST) -> list[Column]:
    """Return at most `most` fields that half of the runs have, with values that differ; components first."""
    paths = dict.fromkeys(fact.path for item in facts.values() for fact in item if measure_of(fact.path) is None)
    runs = [_values(fact) for fact in facts.values()]
    offered = []
    for path in paths:
        there = [run[path] for run in runs if path in run]
        if path not in _SHOWN and len(set(there)) > 1 and 2 * len(there) >= len(runs):
            offered.append(path)
    # What the components are differs less often than their settings, and explains them.
    offered.sort(key=lambda path: "." in path)
    return [column(path) for path in offered[:most]]


def column(path: str) -> Column:
    """Return the column of a path, or of a field or measure by its last part where one path alone has it."""
    known = fact_fields()
    whole = path_of(path)
    base, at, share = whole.partition("@")
    base += at
    leaf = leaf_of(base)
    alone = sum(leaf_of(item) == leaf for item in known) == 1
    title = (leaf if alone else base).replace("_", " ") + share
    return Column(whole, title, known.get(base) == frozenset({"number"}), measure_of(base))


def named(text: str) -> list[Column]:
    """Return the columns that a link names, separated by commas; what is no field or measure is left out."""
    paths = [path.strip() for path in text.split(",")]
    return list(dict.fromkeys(column(path) for path in paths if path == PRIORITY or is_field(path)))


def unknown(text: str) -> str:
    """Return a sentence on the names in a link that are no field or measure; empty where all are."""
    names = [name for part in text.split(",") if (name := part.strip()) and not is_field(name)]
    if not names:
        return ""
    like = dict.fromkeys(close for name in names for close in get_close_matches(name[:100], fact_fields(), n=2))
    quoted = ", ".join(f"“{short(name)}”" for name in names[:3]) + (", …" if len(names) > 3 else "")
    hint = f"; similar: {', '.join(list(like)[:3])}" if like else ""
    return f"There is no field or measure {quoted}{hint}."


def checked(text: str) -> str:
    """Return the columns of a request. Raises FieldError where one is no field or measure."""
    if wrong := unknown(text):
        raise FieldError("columns", f"names what no run has: {wrong[:1].lower()}{wrong[1:-1]}")
    return text


def chosen(text: str, facts: Mapping[str, Sequence[Fact]]) -> list[Column]:
    """Return the columns that a link names; an empty one leaves the choice to the runs."""
    return named(text) if text else differing(facts)


def offered(columns: Sequence[Column], facts: Mapping[str, Sequence[Fact]]) -> list[Column]:
    """Return what a reader can choose from: the columns that are shown, then every other fact of these runs.

    Of a measure that depends on the share of kept weights usual shares are offered where its plain form is known.
    """
    paths = dict.fromkeys(column.path for column in columns) | dict.fromkeys(
        fact.path for item in facts.values() for fact in item if fact.path not in _SHOWN
    )
    return [column(path) for path in dict.fromkeys([*paths, *at_shares(paths)])]


def at_shares(paths: Iterable[str]) -> list[str]:
    """Return the measures among these paths that depend on the share of kept weights, at usual shares."""
    return [f"{path}@{share}" for path in paths if f"{path}@" in fact_fields() for share in _SHARES]


def is_field(path: str) -> bool:
    """Return whether runs have such a field or measure."""
    return bool(types_of(path))


def cells(columns: Sequence[Column], facts: Sequence[Fact]) -> tuple[str, ...]:
    """Return what a run has in each column, its values separated by commas; empty where it has none."""
    return tuple(", ".join(column.written(fact) for fact in facts if fact.path == column.path) for column in columns)


def titles(columns: Sequence[Column], facts: Sequence[Fact]) -> tuple[str, ...]:
    """Return the same with the number of replicates of a mean: "0.974, mean over 5 replicates"."""
    titles = []
    for column, text in zip(columns, cells(columns, facts), strict=True):
        n = next((fact.n for fact in facts if fact.path == column.path), None)
        over = column.measure.over if column.measure else ""
        titles.append(text if n is None or not over else f"{text}, n = {n} {over}")
    return tuple(titles)


def _values(facts: Sequence[Fact]) -> dict[str, tuple[float | str | None, ...]]:
    values: dict[str, tuple[float | str | None, ...]] = {}
    for fact in facts:
        values[fact.path] = (*values.get(fact.path, ()), fact.text if fact.number is None else fact.number)
    return values
