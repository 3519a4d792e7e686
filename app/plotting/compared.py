"""Several runs in one figure: each run, or each group of runs that share a value, is a line."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
import plotly.graph_objects as go

from app.contract.events import WINNING_TICKET
from app.plotting.labels import shortened
from app.plotting.replicates import Curve, curve
from app.plotting.run_columns import RunColumn
from app.plotting.source import Options
from app.plotting.style import COMPARED
from app.plotting.words import Part
from app.records import Run, Series

O = TypeVar("O", bound=Options)  # noqa: E741 (read as Options)
MOST = 100
"""Runs that are compared at once."""
LINES = len(COMPARED)
"""Groups of one figure that differ in colour and dash."""
LABELS = 2 * LINES
"""Lines that are named where they end; of more, the hover has the names."""
_NAME = 18
"""Characters of a name at the end of a line."""


class Measured(NamedTuple):
    """A run with the series that the figure reads."""

    run: Run
    series: Mapping[str, Series]


class Group(NamedTuple):
    """Runs that make one line, named `name`; `role` is its colour, dash and marker."""

    role: str
    name: str
    runs: tuple[Measured, ...]


@dataclass(frozen=True)
class ComparedSource(Generic[O]):
    """What a figure of several runs is drawn from: groups in the order of the page, and the reader's options.

    `order` are the ids of all runs as they were requested, and `columns` their fields and measures in that order.
    `loaded` is what the entry of the figure has loaded besides series.
    """

    groups: Sequence[Group]
    options: O
    order: tuple[str, ...] = ()
    columns: tuple[RunColumn, ...] = ()
    loaded: Any = None

    @property
    def runs(self) -> tuple[Run, ...]:
        """Return every run, in the order of the groups."""
        return tuple(measured.run for group in self.groups for measured in group.runs)

    @property
    def described(self) -> list[tuple[Run, Group, str]]:
        """Return each run in the order of the request, with its group and a unique name."""
        order = {run_id: place for place, run_id in enumerate(self.order)}
        names = [run.name for run in self.runs]
        described = [
            (run, group, run.name if names.count(run.name) == 1 else f"{run.name} {run.id}")
            for group in self.groups
            for run, _ in group.runs
        ]
        return sorted(described, key=lambda pair: order[pair[0].id])

    @property
    def live(self) -> bool:
        """Return whether more may still come."""
        return any(run.state in ("queued", "running", "cancelling") for run in self.runs)


class Said(NamedTuple):
    """What a page shows of a figure before that is drawn; a `blank` one has nothing to draw."""

    title: str
    finding: list[Part]
    foot: str
    blank: bool = False
    size: str = ""

    @property
    def layout(self) -> dict[str, Any]:
        """Return the same as arguments of `style.figure`."""
        return {"title": self.title, "finding": self.finding, "foot": self.foot, "size": self.size}


class Cell(NamedTuple):
    """The content of a table; `clear` prints it bold."""

    text: str
    more: str = ""
    clear: bool = False


class Sheet(NamedTuple):
    """A table under a figure: a row for each line, by role and name, and a cell for each column of the head.

    `first` is the head of the names.
    """

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, str, tuple[Cell, ...]], ...]
    first: str = "Line"


@dataclass(frozen=True)
class ComparedEntry:
    """A figure of several runs of a kind: `info` (source → data), `draw` (data → figure), `table` (data → columns).

    `said` (data → words) gives the words of the figure, without drawing it: a page of a hundred runs has several of
    them. `sheet` (data → table) is what a page shows under the figure, None where that has no table. Where `level`
    (options → level) is given, series are read at that level only, with column `at`: when each row was stored, in
    seconds. `load` (reader of masks, runs, options → data) reads what no series has, from `artifacts`.
    """

    name: str
    title: str
    question: str
    series: tuple[str, ...]
    options: type[Options]
    info: Callable[[ComparedSource[Any]], Any] = field(repr=False)
    said: Callable[[Any], Said] = field(repr=False)
    draw: Callable[[Any], go.Figure] = field(repr=False)
    table: Callable[[Any], dict[str, list[Any]]] = field(repr=False)
    sheet: Callable[[Any], Sheet | None] = field(default=lambda _info: None, repr=False)
    level: Callable[[Any], int] | None = field(default=None, repr=False)
    load: Callable[[Any, Sequence[Run], Any], Any] | None = field(default=None, repr=False)
    artifacts: tuple[str, ...] = ()


class Pool(NamedTuple):
    """A curve of the replicates of `runs` runs."""

    curve: Curve
    runs: int


def tickets(group: Group, column: str) -> list[Pool]:
    """Return the winning tickets of a group by density: replicates of its runs are values of one curve.

    Runs that were pruned to other densities are a curve of their own, in the same look. A mean over other runs at each
    point would rise and fall by itself. Densities are the same where three digits agree.
    """
    pools: list[list[Curve]] = []
    for run in group.runs:
        outcome = run.series["outcome"]
        if len(outcome) and WINNING_TICKET in outcome.controls:
            mine = curve(outcome, column, WINNING_TICKET)
            pool = next((pool for pool in pools if _alike(pool[0], mine)), None)
            pools.append([mine]) if pool is None else pool.append(mine)
    return [Pool(_pooled(group.role, pool), len(pool)) for pool in pools]


def _alike(one: Curve, other: Curve) -> bool:
    """Return whether two runs were pruned to the same densities at the levels that both have reached."""
    both = list(zip(map(key_of, one.density.tolist()), map(key_of, other.density.tolist()), strict=False))
    return len(both) > 1 and all(mine == theirs for mine, theirs in both)


def _pooled(role: str, curves: Sequence[Curve]) -> Curve:
    keys = sorted({key_of(density) for one in curves for density in one.density}, reverse=True)
    total = sum(len(one.replicates) for one in curves)
    values = np.full((len(keys), total), np.nan)
    diverged, first = np.zeros(len(keys), int), 0
    for one in curves:
        rows = [keys.index(key_of(density)) for density in one.density]
        values[rows, first : first + len(one.replicates)] = one.values
        diverged[rows] += one.diverged
        first += len(one.replicates)
    return Curve(role, np.arange(len(keys)), np.array(keys), np.arange(total), values, diverged)


def key_of(density: float) -> float:
    """Return a density to three digits, by which those of several runs are the same."""
    return float(f"{density:.3g}")


def shorts(names: Iterable[str]) -> Mapping[str, str]:
    """Return the names of lines as they are written at their ends: cut where that leaves them apart."""
    cut = shortened({name: name for name in names}, _NAME)
    return {name: short(text) for name, text in cut.items()}


def short(name: str) -> str:
    """Return one name, cut at its end where it is long."""
    return name if len(name) <= _NAME else f"{name[: _NAME - 1]}…"


def plain(trace: dict[str, Any], lines: int) -> dict[str, Any]:
    """Return a trace of so many lines without its markers where those are a crowd: a thousand take long to draw."""
    return (
        trace
        if lines <= LABELS
        else {key: value for key, value in trace.items() if key != "marker"} | {"mode": "lines"}
    )
