"""For how long a child has been idle: no progress, no processor time, not even a wait that ended."""

import time
from contextlib import suppress

import psutil

SAID_S = 40.0
"""After so long the run's page shows that nothing moves."""
REPLACED_S = 120.0
"""After so long the child is killed, and its shards go on from their checkpoints."""

# What the watcher itself slept through (a suspended machine, a stopped worker) counts as one look.
_LONGEST_LOOK_S = 2.0


class Stillness:
    """Counts the seconds of the process `pid`; one that computes or waits for its data in small steps is not still."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._trace = self._read()
        self._looked_at = time.monotonic()
        self.seconds = 0.0

    def observe(self, spoke: bool) -> None:
        """Look again; `spoke` is True if the child has reported progress since the last look."""
        now, trace = time.monotonic(), self._read()
        moved = spoke or trace != self._trace
        self.seconds = 0.0 if moved else self.seconds + min(now - self._looked_at, _LONGEST_LOOK_S)
        self._trace, self._looked_at = trace, now

    @property
    def words(self) -> str:
        """Return what a reader of the run sees; empty while there is nothing to report."""
        if self.seconds < SAID_S:
            return ""
        stopped = False
        with suppress(psutil.Error):
            stopped = self._process.status() == psutil.STATUS_STOPPED
        return f"the training process {'is stopped: it ' if stopped else ''}has done nothing for {self.seconds:.0f} s"

    def _read(self) -> tuple[float, ...]:
        try:
            with self._process.oneshot():
                times, switches = self._process.cpu_times(), self._process.num_ctx_switches()
        except (psutil.Error, OSError):  # it ends in this moment
            return (time.monotonic(),)
        return (times.user, times.system, times.children_user, float(switches.voluntary), float(switches.involuntary))
