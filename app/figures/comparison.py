"""The table under the figure: at each level, the ticket against the dense network and against every control."""

from typing import Any, NamedTuple

from app.contract.events import WINNING_TICKET
from app.contract.records import Series
from app.figures.replicates import curve, present
from app.figures.style import DENSE
from app.figures.verdict import BOUND, Paired, Verdict, compare, verdict


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
    """Rows by level; `controls` names the branches of each row's `controls`, in the same order."""

    controls: tuple[str, ...]
    rows: tuple[Row, ...]
    verdict: Verdict


def comparison(outcome: Series | None, bound: float = BOUND, *, column: str = "test_accuracy") -> Comparison:
    """Paired differences at every pruned level of the series `outcome`; no rows while there is nothing to compare."""
    summary = verdict(outcome, bound, column=column)
    if outcome is None or WINNING_TICKET not in present(outcome):
        return Comparison((), (), summary)
    ticket = curve(outcome, column, WINNING_TICKET)
    controls = {name: curve(outcome, column, name) for name in present(outcome) if name != WINNING_TICKET}
    rows = tuple(
        Row(
            level,
            float(ticket.density[row]),
            float(ticket.mean[row]),
            int(ticket.n[row]),
            int(ticket.diverged[row]),
            compare(ticket, ticket, level, DENSE),
            tuple(compare(ticket, control, level, name) for name, control in controls.items()),
        )
        for row, level in enumerate(ticket.levels.tolist())
        if level > 0
    )
    return Comparison(tuple(controls), rows, summary)


def table(made: Comparison) -> dict[str, list[Any]]:
    """The same as columns: accuracies and differences in [0, 1]."""
    columns: dict[str, list[Any]] = {
        "level": [row.level for row in made.rows],
        "density": [row.density for row in made.rows],
        "ticket_test_accuracy": [row.accuracy for row in made.rows],
        "n": [row.n for row in made.rows],
        "diverged": [row.diverged for row in made.rows],
    }
    for index, name in enumerate((DENSE, *made.controls)):
        pairs = [(row.dense, *row.controls)[index] for row in made.rows]
        columns[f"minus_{name}"] = [pair.mean for pair in pairs]
        columns[f"minus_{name}_low"] = [pair.low for pair in pairs]
        columns[f"minus_{name}_high"] = [pair.high for pair in pairs]
        columns[f"minus_{name}_n"] = [pair.n for pair in pairs]
    return columns
