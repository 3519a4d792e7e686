"""Several runs in one figure: each run, or each group of runs that share a value, is a line."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go

from app.contract.events import WINNING_TICKET
from app.plotting.replicates import Curve, curve
from app.plotting.style import COMPARED
from app.records import Run, Series

MOST = 100
"""Runs that are compared at once."""
LINES = len(COMPARED)
"""Groups that can be told apart in one figure."""


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
class ComparedEntry:
    """A figure of several runs of a kind: `info` (groups → data), `draw` (data → figure), `table` (data → columns)."""

    name: str
    title: str
    question: str
    series: tuple[str, ...]
    info: Callable[[Sequence[Group]], Any] = field(repr=False)
    draw: Callable[[Any], go.Figure] = field(repr=False)
    table: Callable[[Any], dict[str, list[Any]]] = field(repr=False)


def tickets(group: Group, column: str) -> list[Curve]:
    """Return the winning tickets of a group by density: replicates of its runs are values of one curve.

    Runs that were pruned to other densities are a curve of their own, in the same look: a mean over other runs at each
    point would rise and fall by itself. Densities are the same where three digits agree.
    """
    pools: list[list[Curve]] = []
    for run in group.runs:
        outcome = run.series["outcome"]
        if len(outcome) and WINNING_TICKET in outcome["control"]:
            mine = curve(outcome, column, WINNING_TICKET)
            pool = next((pool for pool in pools if _alike(pool[0], mine)), None)
            pools.append([mine]) if pool is None else pool.append(mine)
    return [_pooled(group.role, pool) for pool in pools]


def _alike(one: Curve, other: Curve) -> bool:
    """Whether two runs were pruned to the same densities, as far as both have come."""
    both = list(zip(map(_key, one.density.tolist()), map(_key, other.density.tolist()), strict=False))
    return len(both) > 1 and all(mine == theirs for mine, theirs in both)


def _pooled(role: str, curves: Sequence[Curve]) -> Curve:
    keys = sorted({_key(density) for each in curves for density in each.density}, reverse=True)
    total = sum(len(each.replicates) for each in curves)
    values = np.full((len(keys), total), np.nan)
    diverged, first = np.zeros(len(keys), int), 0
    for each in curves:
        rows = [keys.index(_key(density)) for density in each.density]
        values[rows, first : first + len(each.replicates)] = each.values
        diverged[rows] += each.diverged
        first += len(each.replicates)
    return Curve(role, np.arange(len(keys)), np.array(keys), np.arange(total), values, diverged)


def _key(density: float) -> float:
    return float(f"{density:.3g}")
