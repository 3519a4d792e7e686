"""Stable ranks of several runs by width, at one batch size: the lines, and the seeds of each."""

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from app.contract.experiment import FieldError
from app.kinds.stable_rank.spec import StableRankSpec
from app.plotting.compared import ComparedSource, Group, Measured
from app.plotting.differences import Seed, seed_of
from app.plotting.source import Options

Floats = NDArray[np.float64]


class ComparedRankOptions(Options):
    """`update` is the one whose rank is drawn; `batch_size` is empty for the largest that most runs have."""

    update: Literal["dualised", "gradient"] = "dualised"
    batch_size: str = Field("", max_length=12)


class Line(NamedTuple):
    """Ranks of `runs` runs by width: `values` is (n_widths, n_seeds), NaN where there is none."""

    role: str
    name: str
    runs: int
    widths: NDArray[np.int64]
    values: Floats


class ComparedRankInfo(NamedTuple):
    """Lines at batches of `size`, 0 where no run has one; `left_out` counts runs without such batches.

    `at` is the widest network that most lines have, 0 without one.
    """

    update: str
    size: int
    lines: tuple[Line, ...]
    runs: int
    left_out: int
    at: int
    live: bool


def info(source: ComparedSource[ComparedRankOptions]) -> ComparedRankInfo:
    """Return the data of the figure, from the series `stable_rank`.

    Raises FieldError for a batch size of none of the runs.
    """
    size = _size([_spec(measured) for group in source.groups for measured in group.runs], source.options.batch_size)
    lines = []
    left_out = 0
    for group in source.groups:
        mine = [measured for measured in group.runs if size in _spec(measured).batch_sizes]
        left_out += len(group.runs) - len(mine)
        lines += _lines(group, mine, size, source.options.update)
    counts: dict[int, int] = {}
    for line in lines:
        for width in line.widths[np.isfinite(line.values).any(axis=1)].tolist():
            counts[width] = counts.get(width, 0) + 1
    most = max(counts.values(), default=0)
    at = max((width for width, count in counts.items() if count == most), default=0)
    return ComparedRankInfo(
        source.options.update, size, tuple(lines), len(source.runs), left_out, at, source.live
    )  # fmt: skip


def _spec(measured: Measured) -> StableRankSpec:
    return cast("StableRankSpec", measured.run.spec)


def _size(specs: Sequence[StableRankSpec], chosen: str) -> int:
    counts: dict[int, int] = {}
    for spec in specs:
        for size in spec.batch_sizes:
            counts[size] = counts.get(size, 0) + 1
    if not chosen:
        return max(counts, key=lambda size: (counts[size], size), default=0)
    if chosen not in map(str, counts):
        raise FieldError("batch_size", f"must be one of {', '.join(map(str, sorted(counts)))}")
    return int(chosen)


def _lines(group: Group, runs: Sequence[Measured], size: int, update: str) -> list[Line]:
    """Return a line for each set of widths: a mean over other runs at each width would rise and fall by itself."""
    sets: dict[tuple[int, ...], list[Measured]] = {}
    for measured in runs:
        sets.setdefault(tuple(sorted(_spec(measured).widths)), []).append(measured)
    return [
        Line(group.role, group.name, len(columns), np.array(widths, np.int64), _values(widths, columns, size, update))
        for widths, columns in sets.items()
    ]


def _values(widths: tuple[int, ...], runs: Sequence[Measured], size: int, update: str) -> Floats:
    """Return ranks (n_widths, n_seeds); runs of the same seed are averaged: they are no two replicates."""
    by_seed: dict[Seed, list[dict[int, float]]] = {}
    for run, series in runs:
        rows = series["stable_rank"]
        if not len(rows):
            continue
        mine = rows.where(rows["batch_size"] == size)
        ranks: dict[Seed, dict[int, float]] = {}
        for replicate, width, value in zip(mine["replicate"].tolist(), mine["width"].tolist(), mine[update].tolist(),
                                           strict=True):  # fmt: skip
            ranks.setdefault((seed_of(run), int(replicate)), {})[int(width)] = value
        for seed, values in ranks.items():
            by_seed.setdefault(seed, []).append(values)
    out = np.full((len(widths), len(by_seed)), np.nan)
    for column, sets in enumerate(by_seed.values()):
        for row, width in enumerate(widths):
            there = [values[width] for values in sets if math.isfinite(values.get(width, math.nan))]
            if there:
                out[row, column] = math.fsum(there) / len(there)
    return out
