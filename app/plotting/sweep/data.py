"""What figures of a sweep read: its members that ended with an objective, and the fields that vary."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import plotly.graph_objects as go

from app.contract.words import plural
from app.plotting import words
from app.records import Member, Sweep
from app.sweeps.axes import Axis, key, written
from app.sweeps.plan import Plan

_SPAN = 30.0
"""Ratio of the largest to the smallest value from which an axis of a figure is logarithmic."""


class Looked(NamedTuple):
    """What a sweep looks for: its title, the better direction, and whether it is a share."""

    title: str
    maximise: bool
    percent: bool

    @property
    def scale(self) -> float:
        """Return what its values are multiplied by in figures."""
        return 100.0 if self.percent else 1.0

    @property
    def axis(self) -> str:
        """Return the title of an axis."""
        return f"{self.title} (%)" if self.percent else self.title

    def text(self, value: float) -> str:
        """Return a value as it is read."""
        return words.accuracy(value) if self.percent else words.significant(value)

    def better(self, one: float, other: float) -> bool:
        """Return whether one value is better than another."""
        return one > other if self.maximise else one < other


class Column(NamedTuple):
    """A field that varies: its values as numbers in order of the members, and the ticks of those that are no numbers.

    `log` is True if the axis is logarithmic, `levels` are names of places 0, 1 … of values that have no order.
    """

    path: str
    label: str
    numbers: tuple[float, ...]
    log: bool
    levels: tuple[str, ...] = ()


@dataclass(frozen=True)
class SweepData:
    """A sweep with the members that ended with an objective, by position.

    `started` counts all members, `stopped` those that the sweep has stopped early.
    """

    looked: Looked
    members: tuple[Member, ...]
    columns: tuple[Column, ...]
    started: int
    live: bool
    plan: Plan
    stopped: int = 0

    @property
    def chosen(self) -> bool:
        """Return whether members were chosen by what others found."""
        return self.plan.sampler.kind == "adaptive"

    @property
    def values(self) -> tuple[float, ...]:
        """Return the objective of each member."""
        return tuple(member.objective for member in self.members if member.objective is not None)

    @property
    def best(self) -> int | None:
        """Return the place of the best member, the first of equal ones."""
        values = self.values
        sign = 1 if self.looked.maximise else -1
        return max(range(len(values)), key=lambda place: (sign * values[place], -place)) if values else None

    def said(self, member: Member) -> str:
        """Return the values of a member in words."""
        return ", ".join(f"{column.label} {written(member.values[column.path])}" for column in self.columns)

    @property
    def n_text(self) -> str:
        """Return how many members are behind a figure."""
        left = self.started - len(self.members) - self.stopped
        early = f"; {self.stopped} stopped early" if self.stopped else ""
        rest = f"{early}; {left} without a value{' yet' if self.live else ''}" if left else early
        return f"n = {plural(len(self.members), 'run')}{rest}"

    @property
    def nothing(self) -> str:
        """Return why there is nothing to draw."""
        return "The first point appears when a run ends." if self.live else "No run ended with a value."


@dataclass(frozen=True)
class SweepEntry:
    """A figure of a sweep: `draw` (data, field → figure) and `table` (data, field → columns).

    The field is empty but for figures of one field each, which are `per_field`. A page does not wait for one that is
    `pending`: it shows these words until the figure is there. `missing` are words on what a figure still needs, none
    where it can be drawn.
    """

    name: str
    title: str
    question: str
    draw: Callable[[SweepData, str], go.Figure] = field(repr=False)
    table: Callable[[SweepData, str], dict[str, list[Any]]] = field(repr=False)
    per_field: bool = False
    pending: Callable[[SweepData], list[words.Part]] | None = field(default=None, repr=False)
    missing: Callable[[SweepData], list[words.Part]] | None = field(default=None, repr=False)


def data_of(sweep: Sweep, members: Sequence[Member], looked: Looked) -> SweepData:
    """Return the data of a sweep's figures."""
    ended = tuple(member for member in members if member.objective is not None and math.isfinite(member.objective))
    columns = tuple(_column(path, axis, ended, list(sweep.axes)) for path, axis in sweep.axes.items())
    return SweepData(looked, ended, columns, len(members), sweep.state == "running", sweep.plan,
                     sum(member.stopped_early for member in members))  # fmt: skip


def label_of(path: str, paths: Sequence[str]) -> str:
    """Return the shortest name of a field that no other of these has."""
    leaf = path.rpartition(".")[2]
    alone = sum(path.rpartition(".")[2] == leaf for path in paths) == 1
    return (leaf if alone else path).replace("_", " ")


def _column(path: str, axis: Axis, members: Sequence[Member], paths: Sequence[str]) -> Column:
    label = label_of(path, paths)
    values = [member.values[path] for member in members]
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        low, high = min(values, default=1), max(values, default=1)
        log = low > 0 and (axis.log_range is not None or high / low >= _SPAN)
        return Column(path, label, tuple(map(float, values)), log)
    listed = axis.values if axis.values is not None else ()
    keys = list(dict.fromkeys([*map(key, listed), *map(key, values)]))
    names = {key(value): _short(value) for value in (*listed, *values)}
    return Column(path, label, tuple(float(keys.index(key(value))) for value in values), False,
                  tuple(names[key] for key in keys))  # fmt: skip


def _short(value: Any) -> str:
    text = str(value["kind"]) if isinstance(value, dict) and "kind" in value else written(value)
    return text.replace("_", " ") if len(text) <= 20 else f"{text[:19]}…"
