"""What a comparison of timed tickets has to know of the runs that they come from."""

from collections.abc import Sequence

from app.atlas.collapses import collapses_of, unjudged
from app.atlas.reader import Reader
from app.kinds.hardware.figures.compared_ticket import Judged
from app.plotting.source import Options
from app.records import Run


def judged(reader: Reader, runs: Sequence[Run], _options: Options) -> Judged:
    """Return which runs time a ticket that has collapsed, and of which that is not known."""
    return Judged(
        frozenset(run.id for run in runs if collapses_of(reader, run)),
        frozenset(run.id for run in runs if unjudged(reader, run)),
    )
