"""Every kind with what it shows: read by pages and the API. The specs alone are in `specs.py`, which is lighter."""

from collections.abc import Mapping
from importlib import import_module

from app.kinds.kind import Kind
from app.kinds.specs import NAMES
from app.plotting import parallel_runs, scatter_runs
from app.plotting.compared import ComparedEntry
from app.plotting.entry import FigureEntry

KINDS: Mapping[str, Kind] = {name: import_module(f"app.kinds.{name}.kind").KIND for name in NAMES}
FIGURES: Mapping[str, FigureEntry] = {entry.name: entry for kind in KINDS.values() for entry in kind.figures}
"""The figures of all kinds; several kinds may share one."""
OF_ANY_RUNS: tuple[ComparedEntry, ...] = (parallel_runs.ENTRY, scatter_runs.ENTRY)
"""The figures of several runs of any kind, drawn from what every run has."""
COMPARED: Mapping[str, ComparedEntry] = {
    entry.name: entry for entry in (*(entry for kind in KINDS.values() for entry in kind.compared), *OF_ANY_RUNS)
}
"""The figures of several runs, of all kinds and of any."""
SERIES = tuple(dict.fromkeys(series for kind in KINDS.values() for series in kind.series))
"""The series of all kinds."""


def kinds_of(figure: str) -> tuple[str, ...]:
    """Return the kinds of run that have a figure."""
    return tuple(name for name, kind in KINDS.items() if any(entry.name == figure for entry in kind.figures))
