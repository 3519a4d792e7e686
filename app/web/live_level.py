"""The newest level of a live run: what a tab with a slider shows until its reader chooses a level."""

from app.contract.records import Run
from app.figures import FIGURES
from app.store import Store
from app.web.cards import TABS


def has_levels(run: Run, tab: str) -> bool:
    """Whether a tab shows one level at a time, as its reader chooses."""
    return any(
        run.kind in FIGURES[name].kinds and FIGURES[name].options.model_fields["level"].annotation is int
        for name in TABS.get(tab, ())
        if "level" in FIGURES[name].options.model_fields
    )


def newest_level(store: Store, run: Run, tab: str) -> int | None:
    """The newest level that the figures of a tab have anything of; None before the first."""
    series = {name for figure in TABS[tab] if run.kind in FIGURES[figure].kinds for name in FIGURES[figure].series}
    return store.newest_level(run.id, series)
