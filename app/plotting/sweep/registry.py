"""The figures of a sweep, in the order of its page."""

from collections.abc import Mapping

from app.plotting.sweep import best_so_far, importance, parallel, slices
from app.plotting.sweep.data import SweepEntry

SWEEP_FIGURES: Mapping[str, SweepEntry] = {
    entry.name: entry for entry in (best_so_far.ENTRY, parallel.ENTRY, slices.ENTRY, importance.ENTRY)
}
