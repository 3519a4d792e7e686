"""A store as it was at one moment: for a request, which reads every thing once."""

from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import Connection

from app.contract.training_key import Value
from app.records import ArtifactRef, EventRecord, Page, Refusal, Run, Series, WorkerInfo
from app.store import events, series, together
from app.store.page_edge import Edge
from app.store.reads import Reads
from app.store.runs import Relatives
from app.store.tables import AnyRow

T = TypeVar("T")


class Snapshot(Reads):
    """What a store held when this was opened; what was read once is not read again, since it cannot have changed.

    For one thread, until its transaction ends.
    """

    def __init__(self, origin: Reads, conn: Connection) -> None:
        self.origin, self.artifacts_store = origin, origin.artifacts_store
        self._conn = conn
        self._known: dict[Hashable, Any] = {}
        self._seqs: dict[str, int] = {}
        self._chunks: dict[tuple[str, str], list[AnyRow]] = {}

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        yield self._conn

    def _once(self, key: Hashable, read: Callable[[], T]) -> T:
        if key not in self._known:
            self._known[key] = read()
        known: T = self._known[key]
        return known

    def run(self, run_id: str) -> Run:
        """Return a run. Raises NotFound."""
        return self._keep(self._once(("run", run_id), lambda: Reads.run(self, run_id)))

    def _keep(self, run: Run) -> Run:
        self._known["run", run.id] = run
        self._seqs[run.id] = run.last_seq
        return run

    def relatives(self, run_id: str, newest: int) -> Relatives:
        """Return the run with the one that it repeats and at most `newest` that repeat it. Raises NotFound."""

        def read() -> Relatives:
            relatives = Reads.relatives(self, run_id, newest)
            for run in filter(None, (relatives.run, relatives.original, *relatives.repeats)):
                self._keep(run)
            self._known["refusals", run_id] = list(relatives.refusals)
            return relatives

        return self._once(("relatives", run_id, newest), read)

    def runs(self, **which: Any) -> Page:
        """Return a page of runs, as of the store."""
        page = super().runs(**which)
        for run in page.items:
            self._keep(run)
        return page

    def several(self, run_ids: Sequence[str]) -> list[Run]:
        """Return these runs in their order. Raises NotFound."""
        records = super().several(run_ids)
        for run in records:
            self._keep(run)
        return records

    def last_seqs(self, run_ids: Collection[str] | None = None) -> dict[str, int]:
        """Return the newest seq of each of these runs, or of all that are not in the bin; unknown ones are left out."""
        if run_ids is None:
            return super().last_seqs()
        if new := [run_id for run_id in run_ids if run_id not in self._seqs]:
            self._seqs |= super().last_seqs(new)
        return {run_id: self._seqs[run_id] for run_id in run_ids if run_id in self._seqs}

    def touched(self, run_id: str, after: int) -> set[str]:
        """Return what a page that has seen `after` must fetch again: series, artifacts or kinds of events."""
        return self._once(("touched", run_id, after), lambda: events.touched(self._conn, run_id, after))

    def artifacts(self, run_id: str) -> list[ArtifactRef]:
        """Return the run's artifacts by replicate. Raises NotFound."""
        return self._once(("artifacts", run_id), lambda: Reads.artifacts(self, run_id))

    def starts(self, run_id: str) -> list[EventRecord]:
        """Return the events `started` of every attempt, in order. Raises NotFound."""
        return self._once(("starts", run_id), lambda: Reads.starts(self, run_id))

    def refusals(self, run_id: str) -> list[Refusal]:
        """Return which workers cannot go on with the run's waiting shards, and why."""
        return self._once(("refusals", run_id), lambda: Reads.refusals(self, run_id))

    def workers(self) -> list[WorkerInfo]:
        """Return workers seen within a day; `alive` are those seen in the last 15 s by the database's clock."""
        return self._once("workers", lambda: Reads.workers(self))

    def edge(self) -> Edge:
        """Return the counts that every page shows, as of the store."""
        return self._once("edge", lambda: Reads.edge(self))

    def read_ahead(self, run_ids: Collection[str], names: Collection[str]) -> None:
        """Read whole series of several runs in one statement, in place of those read ahead before.

        What has been read already is not read again.
        """
        whole = ("replicate", None)
        new = [item for item in run_ids if any(("series", item, name, whole) not in self._known for name in names)]
        self._chunks = series.chunks_of(self._conn, new, names) if new and names else {}

    def read_together(
        self, run_id: str, names: Collection[str], *, with_artifacts: bool = False, with_starts: bool = False
    ) -> None:
        """Read whole series of one run in one statement with its artifacts and starts, in place of those read ahead."""
        rows = together.read(self._conn, run_id, names, with_artifacts=with_artifacts, with_starts=with_starts)
        self._chunks = {(run_id, name): chunks for name, chunks in rows.chunks.items()}
        if with_artifacts:
            self._known["artifacts", run_id] = rows.artifacts
        if with_starts:
            self._known["starts", run_id] = rows.starts

    def series(
        self,
        run_id: str,
        name: str,
        *,
        replicate: int | None = None,
        **coordinates: Value | None,
    ) -> Series:
        """Return all rows of a series, or those with these coordinates; empty when nothing was measured yet.

        Raises NotFound.
        """
        where: series.Where = {"replicate": replicate, **coordinates}
        key = self.run(run_id).spec.key

        def read() -> Series:
            whole = self._chunks.get((run_id, name))
            chunks = series.chunks(self._conn, run_id, name, where) if whole is None else series.of(whole, where)
            return series.unpacked(chunks, key)

        return self._once(("series", run_id, name, *where.items()), read)

    def timed(self, run_ids: Collection[str], name: str, **coordinates: Value | None) -> dict[str, Series]:
        """Return a series of several runs, read in one statement, with column `at`: when each row was stored, in
        seconds since the epoch. Raises NotFound.
        """
        chunks_of = series.of_several(self._conn, run_ids, name, coordinates) if run_ids else {}
        return {run_id: series.timed(chunks, self.run(run_id).spec.key) for run_id, chunks in chunks_of.items()}
