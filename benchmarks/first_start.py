"""Processor time from `up` being ready to the start of a worker's first run; the best of three cold starts.

It is the time of the worker, its fork server and the child, which work one after the other. On an idle machine it is
the time that a reader waits. Others at work on the same cores change little of it.
"""

import time
from contextlib import suppress

import psutil

from benchmarks.server import server

NAME = "first_start"
BOUND = 3.0
"""Seconds."""

ROUNDS = 3


def measure() -> float:
    """Return seconds of the cheapest start on an empty store whose demo waits for the worker."""
    return min(_start() for _ in range(ROUNDS))


def _start() -> float:
    with server(workers=1, demo=True) as running:
        before, store = _worked(running.pid), running.store()
        (run,) = store.runs().items
        while not any(event.event["kind"] == "started" for event in store.events(run.id)):
            time.sleep(0.02)
        worked = _worked(running.pid) - before
        store.close()
        return worked


def _worked(pid: int) -> float:
    """Return the processor time of the workers below `up` and of all that they forked, in s."""
    total = 0.0
    for worker in psutil.Process(pid).children():
        if "celery" not in " ".join(worker.cmdline()):
            continue
        for process in (worker, *worker.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                total += times.user + times.system
    return total
