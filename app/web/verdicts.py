"""The verdict of a run as the table under its curves."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from app.figures import words
from app.figures.comparison import comparison
from app.figures.style import DENSE, LOOKS
from app.figures.verdict import BOUND, Paired
from app.store import Store


@dataclass(frozen=True)
class Column:
    """What the ticket is compared with."""

    branch: str
    label: str


@dataclass(frozen=True)
class Cell:
    """A paired difference in points and half the width of its interval; `clear` when that excludes 0."""

    mean: str
    interval: str
    clear: bool


@dataclass(frozen=True)
class Row:
    """One pruned level."""

    density: str
    accuracy: str
    n: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class VerdictTable:
    """The sentence, and the differences it stands on; `bound` in points, `others` are the view's other options."""

    sentence: str
    bound: str
    csv: str
    others: tuple[tuple[str, str], ...]
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


def verdict_table(store: Store, run_id: str, query: Mapping[str, str]) -> VerdictTable:
    """Sentence and table from what is measured so far; `query` may hold `bound`, in points."""
    bound = bound_of(query.get("bound", ""))
    made = comparison(store.series(run_id, "outcome"), bound / 100)
    return VerdictTable(
        sentence=made.verdict.sentence().rstrip(".") + ".",
        bound=f"{bound:g}",
        csv=f"/api/v1/runs/{run_id}/comparison?{urlencode({'format': 'csv', 'bound': f'{bound:g}'})}",
        others=tuple((name, value) for name, value in query.items() if name != "bound"),
        columns=tuple(Column(branch, LOOKS[branch].label) for branch in (DENSE, *made.controls)),
        rows=tuple(
            Row(
                density=words.density(row.density),
                accuracy="diverged" if math.isnan(row.accuracy) else words.accuracy(row.accuracy),
                n=row.n,
                cells=tuple(_cell(pair) for pair in (row.dense, *row.controls)),
            )
            for row in made.rows
        ),
    )


def bound_of(text: str) -> float:
    """The largest loss in points that still matches; the protocol's where `text` is no number from 0 to 100."""
    try:
        bound = float(text)
    except ValueError:
        return 100 * BOUND
    return bound if 0 <= bound <= 100 else 100 * BOUND


def _cell(pair: Paired) -> Cell:
    if pair.n == 0:
        return Cell("–", "", clear=False)
    if pair.n == 1:
        return Cell(words.points(pair.mean), "", clear=False)
    # A t-interval is symmetric about the mean.
    interval = f"± {100 * (pair.high - pair.low) / 2:.2f}"
    return Cell(words.points(pair.mean), interval, clear=pair.low > 0 or pair.high < 0)
