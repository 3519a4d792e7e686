"""What a run of lottery tickets is judged by."""

from collections.abc import Iterator

from app.atlas.collapses import collapses
from app.atlas.reader import Reader
from app.contract.events import WINNING_TICKET
from app.kinds import ticket_measures
from app.plotting.intervals import terms_of
from app.plotting.replicates import curve
from app.plotting.verdict import Verdict, verdict
from app.records import Run
from app.search.facts import Fact


def measured(reader: Reader, run: Run) -> Iterator[Fact]:
    """Yield accuracies, loss and verdict as far as they are known; none while no network is trained to its end."""
    outcome = reader.store.series(run.id, "outcome")
    yield from ticket_measures.measured(outcome)
    if not len(outcome.tickets):
        return
    accuracies = curve(outcome, "test_accuracy", WINNING_TICKET)
    losses = curve(outcome, "test_loss", WINNING_TICKET)
    if accuracies.n.any() and losses.n[last := ticket_measures.sparsest(accuracies)]:
        yield ticket_measures.fact("test_loss", losses, last)
    statement = verdict(outcome, terms_of(run))
    word = word_of(statement, collapsed=bool(collapses(reader, run)))
    if word:
        yield Fact("result.verdict", text=word, n=statement.n)
    if statement.density is not None:
        yield Fact("result.matched_density", statement.density, n=statement.n)


def word_of(verdict: Verdict, *, collapsed: bool) -> str:
    """Return the verdict in a word; "" while there is no interval, unless a ticket has collapsed."""
    if verdict.density is not None:
        return "matches"
    if collapsed:
        return "collapsed"
    if not verdict.tested:
        return ""
    loses = not verdict.unsure and verdict.best is not None and verdict.best < -verdict.terms.bound
    return "loses" if loses else "undecided"
