"""The result of a run in a few words, for a list of runs."""

from app.atlas.collapses import collapses
from app.atlas.reader import Reader
from app.plotting import words
from app.plotting.collapse import brief, first
from app.plotting.comparison import comparison
from app.plotting.intervals import terms_of
from app.records import Run


def summary(reader: Reader, run: Run) -> str:
    """Return down to which density the ticket matches dense and beats its controls, and where it collapses."""
    lost = first(collapses(reader, run))
    collapsed = [brief(lost)] if lost else []
    table = comparison(reader.store.series(run.id, "outcome"), terms_of(run))
    verdict = table.verdict
    phrases = [beats for advantage in table.advantages if (beats := advantage.short())]
    if verdict.density is not None:
        gaps = ", with gaps" if verdict.gaps else ""
        phrases.insert(0, f"matches dense to {words.density(verdict.density)}{gaps} (n = {verdict.n}, bound 0.2)")
    elif verdict.tested and not collapsed and run.state == "finished":
        phrases.insert(0, "not shown to match dense")
    so_far = "" if run.state == "finished" or not phrases else " so far"
    return " · ".join([*phrases, *collapsed]) + so_far
