"""What masks that came from elsewhere show."""

from collections.abc import Iterator

from app.atlas.collapses import collapses
from app.atlas.reader import Reader
from app.kinds import compared_overlap, ticket_measures
from app.kinds.imported.commands import import_again
from app.kinds.imported.spec import ENTRY
from app.kinds.kind import Kind, Placed, Tab
from app.kinds.lottery.figures import accuracy_vs_density, compared_accuracy, compared_difference
from app.kinds.ticket_tabs import MASKS, OVERLAP
from app.plotting.collapse import brief, first
from app.plotting.tickets import layer_density
from app.records import Run
from app.search.facts import Fact


def summary(reader: Reader, run: Run) -> str:
    """Return where the masks have collapsed, if they have."""
    lost = first(collapses(reader, run))
    return brief(lost) if lost else ""


def measured(reader: Reader, run: Run) -> Iterator[Fact]:
    """Yield the accuracies that were given with the masks."""
    yield from ticket_measures.measured(reader.store.series(run.id, "outcome"))


KIND = Kind(
    entry=ENTRY,
    tabs=(
        Tab(
            "curves",
            "Curves",
            (Placed(accuracy_vs_density.ENTRY, "big"), Placed(layer_density.ENTRY, "short")),
            series=("outcome", "layers"),
        ),
        MASKS,
        OVERLAP,
    ),
    summary=summary,
    summary_series=("layers",),
    measured=measured,
    measured_series=("outcome",),
    navigation=(("/import", "Import"),),
    commands=import_again,
    series=("outcome", "layers"),
    compared=(compared_accuracy.ENTRY, compared_difference.ENTRY, compared_overlap.ENTRY),
)
