"""What a kind of run shows: everything that pages and figures need to know, in one description."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from app.atlas.reader import Reader
from app.contract.entry import Entry
from app.kinds.commands import submit_again
from app.kinds.objective import Objective
from app.plotting.compared import ComparedEntry
from app.plotting.entry import FigureEntry
from app.records import Run
from app.search.facts import Fact
from app.store.reads import Reads

Choices: TypeAlias = list[tuple[str, str]]


@dataclass(frozen=True)
class Placed:
    """A figure of a tab; `size` is that of its plot, `log_y` the name in the address of its logarithmic y axis."""

    entry: FigureEntry
    size: str = ""
    log_y: str = ""


@dataclass(frozen=True)
class Tab:
    """A view of a run, named `key` in the address; its figures are in `template`.

    `load(store, run, query)` makes what a template without figures shows, as `page.view`; `styles` are sheets.
    What the page reads besides its figures is read at once: whole `series`, all artifacts, the starts of attempts.
    """

    key: str
    title: str
    figures: tuple[Placed, ...] = ()
    template: str = "run/figures.html"
    styles: tuple[str, ...] = ()
    series: tuple[str, ...] = ()
    with_artifacts: bool = False
    with_starts: bool = False
    load: Callable[[Reads, Run, Mapping[str, str]], object] | None = field(default=None, repr=False)

    def wanted(self, run: Run) -> bool:
        """Return whether a page of this run has the tab: where its first figure depends on the run, any of those does.

        A tab without figures, such as a film, is always there.
        """
        if not self.figures or self.figures[0].entry.wanted is None:
            return True
        return any(placed.entry.wanted(run) for placed in self.figures if placed.entry.wanted is not None)

    def shown(self, run: Run) -> tuple[Placed, ...]:
        """Return the figures that this run has something for."""
        return tuple(placed for placed in self.figures if placed.entry.wanted is None or placed.entry.wanted(run))


@dataclass(frozen=True)
class FormLook:
    """What the form of a kind has besides its fields: `sections` with a template of their own, by title, and files."""

    sections: Mapping[str, str] = field(default_factory=dict)
    styles: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()


@dataclass(frozen=True)
class ComparedPart:
    """What a page of several runs shows of a kind besides figures: `load(store, runs, query)` makes it, as `part`.

    `query` are the names in an address that it reads.
    """

    template: str
    load: Callable[[Reads, Sequence[Run], Mapping[str, str]], object] = field(repr=False)
    query: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()


def _no_choices(_spec: Any, _option: str) -> Choices:
    return []


def _no_summary(_reader: Reader, _run: Run) -> str:
    return ""


def _nothing_measured(_reader: Reader, _run: Run) -> Iterable[Fact]:
    return ()


@dataclass(frozen=True)
class Kind:
    """One kind of run. `entry` is what it is and which spec it has, `tabs` what a page of it shows, in order.

    `series` are those that it measures, the one to look for a metric in first. `choices(spec, option)` are the values
    of a figure's option that the run itself names, each with its label. `summary` is the result in a few words, for a
    list of runs, from `summary_series`. `commands(spec, name, origin)` submit the run again, by shell and by curl.
    `page` is the address, up to the run's id, of a page that shows runs of this kind together. `navigation` holds path
    and name of its own pages. `of_ticket` is the question about one ticket that a run of this kind answers.
    `compared` are figures of several runs, `compared_part` what a page of several has besides,
    `objectives` what a sweep can look for, the usual one first.
    `measured` yields what a run is judged by, of the measures that the entry declares, from `measured_series`.
    """

    entry: Entry
    tabs: tuple[Tab, ...]
    series: tuple[str, ...] = ()
    choices: Callable[[Any, str], Choices] = field(default=_no_choices, repr=False)
    commands: Callable[[Any, str, str], tuple[str, str]] = field(default=submit_again, repr=False)
    summary: Callable[[Reader, Run], str] = field(default=_no_summary, repr=False)
    summary_series: tuple[str, ...] = ()
    page: str = ""
    navigation: tuple[tuple[str, str], ...] = ()
    of_ticket: str = ""
    form: FormLook = FormLook()
    compared: tuple[ComparedEntry, ...] = ()
    compared_part: ComparedPart | None = None
    objectives: tuple[Objective, ...] = ()
    measured: Callable[[Reader, Run], Iterable[Fact]] = field(default=_nothing_measured, repr=False)
    measured_series: tuple[str, ...] = ()

    @property
    def figures(self) -> tuple[FigureEntry, ...]:
        """Return every figure once, in the order of the tabs."""
        entries = [placed.entry for tab in self.tabs for placed in tab.figures]
        return tuple({entry.name: entry for entry in entries}.values())
