"""The board in groups: each a row with mean and spread of its columns, which unfolds to its runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.kinds.specs import MEASURES, TITLES
from app.records import GroupOfRuns, Run, Spread
from app.search.fields import types_of
from app.store import Snapshot
from app.store.grouping import OF_RUN
from app.store.ordering import is_order
from app.web.board.columns import Column, cells, column, named
from app.web.board.rows import Row, row

MEMBERS = 50
"""Runs that an unfolded group shows."""
COLUMNS = 4
"""Columns that come by themselves."""
SPREAD = "mean ± standard deviation over runs (n − 1)"
_ANYWAY = {"dataset": "data set", "again": "run again of"}


@dataclass(frozen=True)
class GroupRow:
    """A group: `cells` are mean ± spread of the columns; `rows` its runs while it is unfolded.

    `all` is a query for all of its runs, empty where there is none.
    """

    key: str
    value: str
    n: int
    states: str
    cells: tuple[str, ...]
    titles: tuple[str, ...]
    rows: tuple[Row, ...] = ()
    all: str = ""


@dataclass(frozen=True)
class Grouped:
    """The groups of a board by a field, in the order `sort`; `unfolded` is the key of the one whose runs are shown."""

    by: str
    title: str
    rows: tuple[GroupRow, ...]
    total: int
    columns: tuple[Column, ...]
    sort: str
    unfolded: str | None
    spread: str = SPREAD

    @property
    def head(self) -> list[tuple[str | None, str]]:
        """Return the columns from left to right: what each sorts by, if it does, and its title."""
        fields = [(column.path, column.title) for column in self.columns]
        return [("value", self.title), ("n", "Runs"), (None, "States"), *fields]

    def flip(self, key: str) -> str:
        """Return the order by `key`: values upwards first, numbers downwards, then the other way round."""
        first, second = (key, f"-{key}") if key == "value" else (f"-{key}", key)
        return second if self.sort == first else first


def grouped(
    store: Snapshot, group: str, unfold: str | None, *, q: str, state: str, tag: str, choice: str, sort: str
) -> Grouped:
    """Return the groups of a search, without an order or columns that they do not have. Raises FieldError."""
    which: dict[str, Any] = {"q": q, "state": state or None, "tag": tag or None}
    columns = [item for item in named(choice) if "number" in types_of(item.path)] if choice else usual()
    paths = [column.path for column in columns]
    # A reader groups a list without choosing another order than that of the list.
    if sort.removeprefix("-") not in ("value", "n", *paths) and is_order(sort):
        sort = "value"
    groups = store.groups(group, columns=paths, sort=sort, **which)
    if not choice:
        there = {path for item in groups.items for path in item.columns}
        columns = [column for column in columns if column.path in there][:COLUMNS]
    members: Sequence[Run] = ()
    if unfold is not None:
        members = store.runs(within=(group, unfold), limit=MEMBERS, **which).items
    facts = store.facts([run.id for run in members], paths)
    rows = tuple(row(run, cells=cells(columns, facts[run.id])) for run in members)
    return Grouped(
        by=group,
        title=title(group),
        rows=tuple(_row(item, group, columns, q, rows if item.key == unfold else ()) for item in groups.items),
        total=groups.total,
        columns=tuple(columns),
        sort=sort,
        unfolded=unfold,
    )


def usual() -> list[Column]:
    """Return the first results of those that kinds declare, with the first cost: each column is a query."""
    numbers = [measure for measure in MEASURES if not measure.words and not measure.by_density]
    results, costs = ([number for number in numbers if number.group == group] for group in ("result", "cost"))
    return [column(measure.path) for measure in (*results[: COLUMNS - 1], *costs[:1])]


def title(group: str) -> str:
    """Return what a reader calls a field."""
    return _ANYWAY.get(group, group) if group in OF_RUN else column(group).title


def choices(columns: Sequence[Column]) -> list[tuple[str, str]]:
    """Return what runs can be grouped by, each with its title: what every run has, then these columns."""
    return [*((name, title(name)) for name in OF_RUN), *((column.path, column.title) for column in columns)]


def _row(item: GroupOfRuns, group: str, columns: Sequence[Column], q: str, rows: tuple[Row, ...]) -> GroupRow:
    spreads = [item.columns.get(column.path) for column in columns]
    value = TITLES.get(item.value, item.value) if group == "kind" else item.value
    return GroupRow(
        key=item.key,
        value=value,
        n=item.n,
        states=" · ".join(f"{n} {state}" for state, n in sorted(item.states.items(), key=lambda pair: -pair[1])),
        cells=tuple(_cell(column, spread, item.n) for column, spread in zip(columns, spreads, strict=True)),
        titles=tuple(f"{SPREAD}, n = {spread.n}" if spread else "" for spread in spreads),
        rows=rows,
        all=_query(group, item, q),
    )


def _cell(column: Column, spread: Spread | None, n: int) -> str:
    if spread is None:
        return ""
    return column.spread(spread.mean, spread.sd) + (f" (n = {spread.n})" if spread.n != n else "")


def _query(group: str, item: GroupOfRuns, q: str) -> str:
    """Return a query for the runs of a group, "" where its value cannot be written as one."""
    if not item.key or "\x1f" in item.key or '"' in item.key:
        return ""
    return " ".join(filter(None, [f"({q})" if q.strip() else "", f'{group}:"{item.key}"']))
