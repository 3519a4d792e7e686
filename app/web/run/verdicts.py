"""The verdict of a run as the table under its curves."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from app.atlas.collapses import collapses
from app.atlas.reader import Reader
from app.kinds.registry import KINDS
from app.plotting import words
from app.plotting.collapse import Collapses, levels, of_run
from app.plotting.comparison import Comparison, comparison
from app.plotting.intervals import BOUND, Kind, Paired, Terms, terms_of
from app.plotting.style import DENSE, LOOKS
from app.plotting.verdict import Verdict
from app.records import Run

CONTINUED = (
    " Tickets continue from trained weights here, so they were trained for more steps than the dense network and the "
    "controls."
)


@dataclass(frozen=True)
class Column:
    """What the ticket is compared with."""

    control: str
    label: str


@dataclass(frozen=True)
class Cell:
    """A paired difference in points and half the width of its interval; `clear` when that excludes 0.

    `n` is given where it differs from the row's.
    """

    mean: str
    interval: str
    n: str
    clear: bool


@dataclass(frozen=True)
class Row:
    """One pruned level."""

    density: str
    accuracy: str
    n: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class VerdictTable:
    """The sentences, and the differences they are based on; `bound` in points, `others` are the view's other options.

    `against` has a sentence for each control; `foot` is what the numbers of the table are.
    `questions` lead to runs about the ticket of the verdict, else the sparsest: each a question and an address.
    """

    sentence: str
    against: tuple[str, ...]
    foot: str
    bound: str
    kind: Kind
    csv: str
    questions: tuple[tuple[str, str], ...]
    others: tuple[tuple[str, str], ...]
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


def verdict_table(reader: Reader, run: Run, query: Mapping[str, str]) -> VerdictTable:
    """Return sentence and table from what is measured so far; `query` may hold `bound`, in points, and `intervals`."""
    bound = bound_of(query.get("bound", ""))
    kind: Kind = "pointwise" if query.get("intervals") == "pointwise" else "simultaneous"
    table = comparison(reader.store.series(run.id, "outcome"), terms_of(run, bound / 100, kind))
    asked = {"format": "csv", "bound": f"{bound:g}", "intervals": kind}
    collapsed = collapses(reader, run)
    gone = levels(collapsed)
    return VerdictTable(
        sentence=verdict_sentence(run, table.verdict, collapsed),
        against=advantage_sentences(table) + _awaited(run, table),
        foot=_foot(table),
        bound=f"{bound:g}",
        kind=kind,
        csv=f"/api/v1/runs/{run.id}/comparison?{urlencode(asked)}",
        questions=_questions(run, table, gone),
        others=tuple((name, value) for name, value in query.items() if name not in ("bound", "intervals")),
        columns=tuple(Column(control, LOOKS[control].label) for control in (DENSE, *table.controls)),
        rows=tuple(
            Row(
                density=f"{words.density(row.density)}{', collapsed' if row.level in gone else ''}",
                accuracy="diverged" if math.isnan(row.accuracy) else words.accuracy(row.accuracy),
                n=f"{row.n}, {row.diverged} diverged" if row.diverged else str(row.n),
                cells=tuple(_cell(pair, row.n) for pair in (row.dense, *row.controls)),
            )
            for row in table.rows
        ),
    )


def _questions(run: Run, comparison: Comparison, gone: frozenset[int]) -> tuple[tuple[str, str], ...]:
    sparsest = max((row.level for row in comparison.rows if row.level not in gone), default=0)
    level = comparison.verdict.level if comparison.verdict.level is not None else sparsest
    if not level:
        return ()
    return tuple(
        (kind.of_ticket, f"/new?{urlencode({'kind': name, 'ticket': f'{run.id}:0:{level}'})}")
        for name, kind in KINDS.items()
        if kind.of_ticket
    )


def verdict_sentence(run: Run, verdict: Verdict, collapsed: Collapses) -> str:
    """Return the verdict, where tickets have collapsed, and what is compared where tickets have trained longer.

    Differences of collapsed tickets alone are those of constant outputs: they need no verdict.
    """
    lost = of_run(collapsed, run.spec.replicates)
    parts = [] if lost and verdict.tested == 0 else [verdict.sentence().rstrip(".") + "."]
    parts = [lost, *parts] if lost else parts
    return " ".join(parts) + ("" if getattr(run.spec, "rewind", "weights") == "weights" else CONTINUED)


def advantage_sentences(comparison: Comparison) -> tuple[str, ...]:
    """Return from which density down the ticket beats each control, in the order of the table's columns."""
    return tuple(f"{advantage.sentence()}." for advantage in comparison.advantages)


def _awaited(run: Run, comparison: Comparison) -> tuple[str, ...]:
    """Return a line for each control that a run in progress will have a sentence on: the page keeps its height."""
    if run.state not in ("queued", "running"):
        return ()
    known = {advantage.control for advantage in comparison.advantages}
    planned = [control.kind for control in getattr(run.spec, "branches", ())]
    return tuple(f"No verdict on {LOOKS[kind].label} yet." for kind in planned if kind not in known)


def _foot(comparison: Comparison) -> str:
    terms: Terms = comparison.verdict.terms
    kind = (
        "simultaneous over the tested levels of a column"
        if terms.kind == "simultaneous"
        else "pointwise: each level alone"
    )
    example = words.significant(100 * terms.step, 2)
    return (
        f"Paired differences of final test accuracy in points ± half the 95 % t-interval ({kind}); bold "
        f"where it excludes 0. The standard deviation counts as at least one test example ({example} points). Draws "
        "are averaged within their replicate."
    )


def bound_of(text: str) -> float:
    """Return the largest loss in points that still matches; the protocol's where `text` is no number from 0 to 100."""
    try:
        bound = float(text)
    except ValueError:
        return 100 * BOUND
    return bound if 0 <= bound <= 100 else 100 * BOUND


def _cell(pair: Paired, n: int) -> Cell:
    if pair.n == 0:
        return Cell("–", "", "", clear=False)
    other = "" if pair.n == n else f"n = {pair.n}"
    if math.isnan(pair.low):
        return Cell(words.points(pair.mean), "", other, clear=False)
    # A t-interval is symmetric about the mean.
    interval = f"± {100 * (pair.high - pair.low) / 2:.2f}"
    return Cell(words.points(pair.mean), interval, other, clear=pair.low > 0 or pair.high < 0)
