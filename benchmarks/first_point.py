"""Seconds from `up` being ready on an empty store to the demo's first measured point."""

import time

from benchmarks.server import server

NAME = "first_point"
BOUND = 15.0
"""Seconds."""


def measure() -> float:
    """Return seconds until the first row of `evaluation` is in the store; 0 when it was there before `up` was ready."""
    with server(workers=None, demo=True) as running:
        store = running.store()
        (run,) = store.runs().items
        while not len(store.series(run.id, "evaluation")):
            time.sleep(0.02)
        return max(0.0, time.time() - running.ready_at)
