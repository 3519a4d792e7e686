"""The table under the figure: at each level, the ticket against the dense network and against every control."""

from typing import Any, NamedTuple

from app.contract.events import WINNING_TICKET
from app.plotting.advantage import Advantage, advantage
from app.plotting.intervals import Paired, Terms, by_level
from app.plotting.replicates import curve, present
from app.plotting.style import DENSE
from app.plotting.verdict import Verdict, judged
from app.records import Series


class Row(NamedTuple):
    """One pruned level; `accuracy` is the ticket's mean test accuracy over its n replicates, NaN if all diverged."""

    level: int
    density: float
    accuracy: float
    n: int
    diverged: int
    dense: Paired
    controls: tuple[Paired, ...]


class Comparison(NamedTuple):
    """Rows by level; `controls` names the branches of each row's `controls`, in the same order.

    `advantages` has one entry for each control that has levels with an interval.
    """

    controls: tuple[str, ...]
    rows: tuple[Row, ...]
    verdict: Verdict
    advantages: tuple[Advantage, ...]


def comparison(outcome: Series | None, terms: Terms) -> Comparison:
    """Return paired differences at every pruned level of the series `outcome`.

    No rows while there is nothing to compare.
    """
    if outcome is None or WINNING_TICKET not in present(outcome):
        return Comparison((), (), Verdict(terms), ())
    ticket = curve(outcome, "test_accuracy", WINNING_TICKET)
    controls = tuple(name for name in present(outcome) if name != WINNING_TICKET)
    dense = by_level(ticket, ticket, DENSE, terms)
    pairs = [by_level(ticket, curve(outcome, "test_accuracy", name), name, terms) for name in controls]
    pruned = [place for place, level in enumerate(ticket.levels.tolist()) if level > 0]
    rows = tuple(
        Row(
            int(ticket.levels[place]),
            float(ticket.density[place]),
            float(ticket.mean[place]),
            int(ticket.n[place]),
            int(ticket.diverged[place]),
            dense[row],
            tuple(pair[row] for pair in pairs),
        )
        for row, place in enumerate(pruned)
    )
    advantages = [advantage(outcome, ticket, pair, terms) for pair in pairs]
    return Comparison(
        controls, rows, judged(outcome, ticket, dense, terms), tuple(item for item in advantages if item is not None)
    )


def table(comparison: Comparison) -> dict[str, list[Any]]:
    """Return the same as columns: accuracies and differences in [0, 1].

    `intervals` is what kind of 95 % interval these are.
    `beats_…` is true at the levels for which the sentence on that control says that the ticket beats it.
    """
    columns: dict[str, list[Any]] = {
        "level": [row.level for row in comparison.rows],
        "density": [row.density for row in comparison.rows],
        "ticket_test_accuracy": [row.accuracy for row in comparison.rows],
        "n": [row.n for row in comparison.rows],
        "diverged": [row.diverged for row in comparison.rows],
    }
    for index, name in enumerate((DENSE, *comparison.controls)):
        pairs = [(row.dense, *row.controls)[index] for row in comparison.rows]
        columns[f"minus_{name}"] = [pair.mean for pair in pairs]
        columns[f"minus_{name}_low"] = [pair.low for pair in pairs]
        columns[f"minus_{name}_high"] = [pair.high for pair in pairs]
        columns[f"minus_{name}_n"] = [pair.n for pair in pairs]
    for one in comparison.advantages:
        columns[f"beats_{one.control}"] = [row.level in one.levels for row in comparison.rows]
    columns["intervals"] = [comparison.verdict.terms.kind] * len(comparison.rows)
    return columns
