"""Computes what runs are judged by: a thread in every web process, which follows the logs of all runs."""

import logging
from collections.abc import Iterable

from app.atlas.reader import Reader
from app.kinds.registry import KINDS
from app.periodic import Periodic
from app.records import Run
from app.search.facts import Fact
from app.store import Snapshot, Store
from app.store.errors import NotFound

log = logging.getLogger(__name__)

EVERY_S = 1.0
# Runs that are measured in one snapshot.
AT_ONCE = 25


class Measuring(Periodic):
    """Every second: the measures of each run whose log has grown, also of runs that were there before."""

    def __init__(self, store: Store, reader: Reader) -> None:
        self._store, self._reader = store, reader
        super().__init__("measuring", self._all_waiting, EVERY_S)

    def _all_waiting(self) -> None:
        while self.measure() == AT_ONCE and not self.stopping:
            pass

    def measure(self) -> int:
        """Measure the newest `AT_ONCE` runs that wait for it; returns how many."""
        waiting = self._store.unmeasured(AT_ONCE)
        if not waiting:
            return 0
        batch: list[tuple[Run, list[Fact]]] = []
        with self._store.snapshot() as now:
            runs = list(_there(now, waiting))
            now.read_ahead(waiting, {name for run in runs for name in KINDS[run.kind].measured_series})
            reader = self._reader.at(now)
            batch = [(run, list(_measured(now, reader, run))) for run in runs]
        for run, measured in batch:
            self._store.measure(run.id, run.last_seq, measured)
        return len(waiting)


def _there(store: Snapshot, run_ids: Iterable[str]) -> Iterable[Run]:
    for run_id in run_ids:
        try:
            yield store.run(run_id)
        except NotFound:  # purged in this moment
            continue


def _measured(store: Snapshot, reader: Reader, run: Run) -> Iterable[Fact]:
    """Yield what a run is judged by, then what it has cost; a kind that fails leaves out its own."""
    try:
        yield from list(KINDS[run.kind].measured(reader, run))
    except Exception:
        # Once for each state of its log, and never in the way of other runs.
        log.exception("run %s could not be measured", run.id)
    for name, value in store.costs(run.id)._asdict().items():
        yield Fact(f"cost.{name}", float(value))
