"""What a sweep can look for: a number of a finished run that its kind declares."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from app.records import Run, Series


@dataclass(frozen=True)
class Objective:
    """A number of a run that ended: `value(run, series by name)`, None where the run has none.

    `maximise` says which direction is better; `percent` that it is a share, which readers see in per cent.
    """

    name: str
    title: str
    maximise: bool
    series: tuple[str, ...]
    value: Callable[[Run, Mapping[str, Series]], float | None] = field(repr=False)
    percent: bool = False
