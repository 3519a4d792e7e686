"""What masks that came from elsewhere show."""

from app.atlas.collapses import collapses
from app.atlas.reader import Reader
from app.kinds.imported.commands import import_again
from app.kinds.imported.spec import ENTRY
from app.kinds.kind import Kind, Placed, Tab
from app.kinds.lottery.figures import accuracy_vs_density
from app.kinds.ticket_tabs import MASKS, OVERLAP
from app.plotting.collapse import brief, first
from app.plotting.tickets import layer_density
from app.records import Run


def summary(reader: Reader, run: Run) -> str:
    """Return where the masks have collapsed, if they have."""
    lost = first(collapses(reader, run))
    return brief(lost) if lost else ""


KIND = Kind(
    entry=ENTRY,
    tabs=(
        Tab("curves", "Curves", (Placed(accuracy_vs_density.ENTRY, "big"), Placed(layer_density.ENTRY, "short"))),
        MASKS,
        OVERLAP,
    ),
    summary=summary,
    summary_series=("layers",),
    navigation=(("/import", "Import"),),
    commands=import_again,
    series=("outcome", "layers"),
)
