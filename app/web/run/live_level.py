"""The newest level of a live run: what a tab with a slider shows until its reader chooses a level."""

from app.kinds.kind import Tab
from app.records import Run
from app.store import Reads


def has_levels(tab: Tab) -> bool:
    """Return whether a tab shows one level at a time, as its reader chooses."""
    options = [placed.entry.options.model_fields for placed in tab.figures]
    return any(fields["level"].annotation is int for fields in options if "level" in fields)


def newest_level(store: Reads, run: Run, tab: Tab) -> int | None:
    """Return the newest level that the figures of a tab have anything of; None before the first."""
    return store.newest_level(run.id, {series for placed in tab.figures for series in placed.entry.series})
