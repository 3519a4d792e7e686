"""Which runs are compared, and how they are grouped."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from typing import Literal

from app.atlas.reader import Reader
from app.contract.experiment import FieldError
from app.kinds.kind import ComparedPart
from app.kinds.registry import KINDS, OF_ANY_RUNS
from app.plotting.compared import LINES, MOST, ComparedEntry, ComparedSource, Group, Measured
from app.plotting.run_columns import RunColumn, Value
from app.plotting.source import Options
from app.records import Page, Run, Series
from app.search.facts import Fact
from app.search.fields import measure_of, spec_fields
from app.store import Reads, Snapshot
from app.web.board.columns import Column, at_shares, cells, chosen, column, differing, is_field, named

_GROUPS = ("field", "result", "cost")
_COLUMNS, _FIELDS = 6, 60
"""Fields that differ: those that the table shows, and those that runs can be grouped by at most."""


@dataclass(frozen=True)
class Selection:
    """Runs in the order of the request; `groups` has the name of each run's group.

    `fields` are all that differ among them, `columns` those that fit into a table; `more` is True if a query finds
    further runs. `asked` are columns that figures show besides, `missing` ids of no run; `repeated` counts ids that
    were named again.
    """

    runs: tuple[Run, ...]
    groups: tuple[str, ...]
    fields: tuple[Column, ...]
    columns: tuple[Column, ...]
    cells: dict[str, tuple[str, ...]]
    facts: dict[str, list[Fact]]
    more: bool = False
    asked: tuple[Column, ...] = ()
    missing: tuple[str, ...] = ()
    repeated: int = 0

    @property
    def kinds(self) -> tuple[str, ...]:
        """Return the kinds of these runs, in their order."""
        return tuple(dict.fromkeys(run.kind for run in self.runs))

    @property
    def kind_parts(self) -> tuple[ComparedPart, ...]:
        """Return what the kinds of these runs compare besides figures."""
        return tuple(part for kind in self.kinds if (part := KINDS[kind].compared_part) is not None)

    @property
    def figures(self) -> tuple[ComparedEntry, ...]:
        """Return what the kinds of these runs compare, then what all runs have."""
        of_kinds = dict.fromkeys(entry for kind in self.kinds for entry in KINDS[kind].compared)
        return (*of_kinds, *OF_ANY_RUNS) if self.runs else ()

    @cached_property
    def values(self) -> tuple[RunColumn, ...]:
        """Return every field and measure that one of the runs has or that is asked for, and how long each took."""
        facts = {run_id: values_of(fact) for run_id, fact in self.facts.items()}
        paths = dict.fromkeys(path for fact in facts.values() for path in fact)
        paths |= dict.fromkeys(item.path for item in self.asked)
        columns = [
            RunColumn(path, column(path).title, tuple(facts[run.id].get(path) for run in self.runs), _group(path))
            for path in paths
        ]
        spans = tuple(
            (run.finished_at - run.started_at).total_seconds() if run.finished_at and run.started_at else None
            for run in self.runs
        )
        took = RunColumn("took", "seconds from start to end", spans, "cost")
        return tuple(
            sorted([*columns, *([took] if any(spans) else [])], key=lambda column: _GROUPS.index(column.group))
        )

    @property
    def offered(self) -> tuple[tuple[str, str, bool], ...]:
        """Return what a reader can choose as a column or an axis: path, title and whether it is measured.

        Of a measure that depends on the share of kept weights usual shares are offered.
        """
        by_path = {value.path: value for value in self.values}
        there = [(item.path, item.title, item.group != "field") for item in by_path.values()]
        shares = [path for path in at_shares(by_path) if path not in by_path]
        return (*there, *((path, column(path).title, True) for path in shares))

    @cached_property
    def roles(self) -> dict[str, str]:
        """Return the look of each group, the same in figures and table, also in a figure of only some of the groups."""
        return {name: f"compared_{place % LINES + 1}" for place, name in enumerate(dict.fromkeys(self.groups))}

    @property
    def lines(self) -> tuple[tuple[str, str], ...]:
        """Return each group once: the id of its first run and its name."""
        first: dict[str, str] = {}
        for run, name in zip(self.runs, self.groups, strict=True):
            first.setdefault(name, run.id)
        return tuple((run, name) for name, run in first.items())

    def line_of(self, run_id: str) -> str:
        """Return the run that a line is named by in a link, its first one: of the line that this run belongs to."""
        groups = {run.id: name for run, name in zip(self.runs, self.groups, strict=True)}
        return next((first for first, name in self.lines if name == groups.get(run_id)), "")

    def source(
        self, store: Snapshot, entry: ComparedEntry, options: Options, reader: Reader | None = None
    ) -> ComparedSource[Options]:
        """Return what a figure is drawn from: the groups of its kinds with the series that it reads."""
        mine = [run for run in self.runs if entry in (*KINDS[run.kind].compared, *OF_ANY_RUNS)]
        ids = dict.fromkeys(run.id for run in mine)
        series = _series(store, list(ids), entry, options)
        members: dict[str, list[Measured]] = {}
        for run, name in zip(self.runs, self.groups, strict=True):
            if run.id in ids:
                members.setdefault(name, []).append(
                    Measured(run, {item: series[item][run.id] for item in entry.series})
                )
        roles = self.roles
        groups = [Group(roles[name], name, tuple(runs)) for name, runs in members.items()]
        loaded = entry.load(reader or Reader(store), mine, options) if entry.load else None
        columns = self.values if entry in OF_ANY_RUNS else ()
        return ComparedSource(groups, options, tuple(run.id for run in mine), columns, loaded)


def select(
    store: Reads, runs: str, q: str, group: str, columns: str = "", *, asked: Iterable[str] = (),
    described: bool = True, lenient: bool = False,
) -> Selection:  # fmt: skip
    """Return the runs of these ids, separated by commas, else the newest that a query finds, in groups.

    `columns` are those of the table, none for fields that differ, `asked` those that figures show. Runs that are not
    `described` have no fields, which takes a good part of the time: most figures need none. If `lenient`, runs that
    are gone are left out where there is another.
    Raises NotFound for an unknown run, FieldError for a bad query, too many runs or an unknown field.
    """
    given = [run_id.strip() for run_id in runs.split(",") if run_id.strip()]
    ids = list(dict.fromkeys(given))
    if len(ids) > MOST:
        raise FieldError("runs", f"names {len(ids):,} runs; at most {MOST} are compared at once")
    if group and not is_field(group):
        like = get_close_matches(group, spec_fields(), n=3, cutoff=0.6) or list(spec_fields())[:3]
        raise FieldError("group", f"must be a field of a spec or a measure, such as {', '.join(like)}, or left out")
    page = store.runs(q=q, limit=MOST) if q and not ids else Page(items=())
    there = store.last_seqs(ids) if lenient and ids else {}
    missing = [run_id for run_id in ids if run_id not in there] if there else []
    ids = [run_id for run_id in ids if run_id not in missing]
    selected = store.several(ids) if ids else list(page.items)
    more = named(",".join([*columns.split(","), group, *asked]))
    facts = store.facts([run.id for run in selected] if described or group else [], [item.path for item in more])
    fields = differing(facts, most=_FIELDS)
    shown = chosen(columns, facts) if columns else fields[:_COLUMNS]
    by = [column(group)] if group else []
    return Selection(
        tuple(selected),
        _named([cells(by, facts[run.id])[0] or "none" for run in selected] if by else None, selected),
        tuple(fields),
        tuple(shown),
        {run.id: cells(shown, facts.get(run.id, ())) for run in selected},
        facts,
        page.next is not None,
        tuple(more),
        tuple(missing),
        len(given) - len(set(given)),
    )


def _series(
    store: Snapshot, run_ids: Sequence[str], entry: ComparedEntry, options: Options
) -> dict[str, dict[str, Series]]:
    """Return the series of a figure by name and run."""
    if entry.level is not None:
        level = entry.level(options)
        return {name: store.timed(run_ids, name, level=level) for name in entry.series}
    store.read_ahead(run_ids, entry.series)
    return {name: {run_id: store.series(run_id, name) for run_id in run_ids} for name in entry.series}


def _named(values: list[str] | None, runs: Sequence[Run]) -> tuple[str, ...]:
    """Return names of groups: their values, or the name of each run, with its id where two have the same."""
    if values is not None:
        return tuple(values)
    names = [run.name for run in runs]
    return tuple(run.name if names.count(run.name) == 1 else f"{run.name} {run.id}" for run in runs)


def _group(path: str) -> Literal["field", "result", "cost"]:
    measure = measure_of(path)
    return "field" if measure is None else measure.group


def values_of(facts: Sequence[Fact]) -> dict[str, Value]:
    """Return a value for each path: a number, or words, of a list all of them."""
    by_path: dict[str, list[Fact]] = {}
    for fact in facts:
        by_path.setdefault(fact.path, []).append(fact)
    return {
        path: group[0].number
        if len(group) == 1 and group[0].number is not None
        else ", ".join(f"{fact.number:g}" if fact.number is not None else fact.text or "" for fact in group)
        for path, group in by_path.items()
    }
