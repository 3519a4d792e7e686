"""The queue in words."""

from app.records.queue import QueuedRun
from app.web.core.words import duration, span


def starts(run: QueuedRun) -> str:
    """Return when a run is expected to start: a range, or why nobody knows."""
    if run.starts_in_s is None or run.starts_at_latest_s is None:
        return f"unknown: {run.why}"
    if run.starts_at_latest_s == 0:
        return "in a few seconds"
    if run.starts_in_s == 0:
        return f"within {duration(run.starts_at_latest_s)}"
    return f"in {span(run.starts_in_s, run.starts_at_latest_s)}"


def counts(run: QueuedRun) -> str:
    """Return that a run counts as of a higher priority, where it has waited for long; else empty."""
    return "" if run.counts_as == run.priority else f"counts as {run.counts_as}: has waited for long"
