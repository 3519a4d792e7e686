"""What a sweep can optimise: a number of a finished run that its kind declares."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.records import Run, Series


@dataclass(frozen=True)
class Reports:
    """Values of an objective on the way to the end of a run: one after each `noun`, such as level.

    `values(run, series by name)` are those that are there, without a gap; NaN where a training diverged. A run has at
    most `most(spec)` of them. Where one of the fields `fixed` differs, reports of two runs are not of the same thing.
    """

    noun: str
    series: tuple[str, ...]
    values: Callable[[Run, Mapping[str, Series]], list[float]] = field(repr=False)
    most: Callable[[Any], int] = field(repr=False)
    fixed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Objective:
    """A number of a run that ended: `value(run, series by name)`, None where the run has none.

    `maximise` is the direction that is better. `percent`: it is a share, which readers see in per cent. Without
    `reports` nothing is known of it before a run has ended.
    """

    name: str
    title: str
    maximise: bool
    series: tuple[str, ...]
    value: Callable[[Run, Mapping[str, Series]], float | None] = field(repr=False)
    percent: bool = False
    reports: Reports | None = None
