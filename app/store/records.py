"""Runs and what they measured: for those who submit them and look at them."""

import itertools
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from app.contract.events import ArtifactSaved, Measured
from app.contract.experiment import Experiment, RunSpec
from app.contract.outputs import Outputs
from app.records import (
    ArtifactRef,
    EventRecord,
    Page,
    Run,
    Series,
    Shard,
)
from app.store import (
    artifacts,
    events,
    ids,
    imported,
    installation,
    lifecycle,
    listing,
    outputs,
    references,
    runs,
    series,
    sweep,
)
from app.store.connected import Connected
from app.store.errors import Conflict, NotFound
from app.store.sweep import DAY_S, Swept


class Records(Connected):
    """One transaction per method."""

    def create_run(
        self,
        spec: Experiment,
        *,
        name: str,
        tags: Iterable[str] = (),
        notes: str = "",
        again_of: str | None = None,
        told_s: float | None = None,
    ) -> Run:
        """Store a run and queue its shards. Raises FieldError for a bad name, tag or note.

        `again_of` is the run that it repeats; `told_s` is what the person was told that each shard takes on a slot, to
        be compared with what it will take.
        """
        labels: dict[str, Any] = {"name": name, "tags": list(tags), "notes": notes, "again_of": again_of}
        return self._create(lambda conn, run_id: runs.create(conn, run_id, spec, **labels, told_s=told_s))

    def import_run(
        self,
        spec: RunSpec,
        outputs: Sequence[Sequence[Measured | ArtifactSaved]],
        provenance: Mapping[str, Any],
        *,
        name: str,
        tags: Iterable[str] = (),
        notes: str = "",
    ) -> Run:
        """Store a finished run of imported masks, whose bytes are there already; `outputs` are of each replicate.

        Raises FieldError as `create_run`.
        """
        labels: dict[str, Any] = {"name": name, "tags": list(tags), "notes": notes}
        saved = (output for each in outputs for output in each if isinstance(output, ArtifactSaved))
        self.artifacts_store.settle(output.sha256 for output in saved)
        return self._create(lambda conn, run_id: imported.create(conn, run_id, spec, outputs, provenance, **labels))

    def _create(self, write: Callable[[Connection, str], None]) -> Run:
        """Store a new run under an id that is free."""
        for attempt in itertools.count(1):
            run_id = ids.run_id()
            try:
                with self._db.write() as conn:
                    write(conn, run_id)
                    return runs.get(conn, run_id)
            except IntegrityError:  # another process drew the same id in the same millisecond
                if attempt == 3:
                    raise
        raise AssertionError("unreachable")

    def run(self, run_id: str) -> Run:
        """Raises NotFound."""
        with self._db.read() as conn:
            return runs.get(conn, run_id)

    def runs(
        self,
        *,
        q: str = "",
        kind: str | None = None,
        state: str | None = None,
        tag: str | None = None,
        sort: str = "-created_at",
        limit: int = 50,
        cursor: str | None = None,
        binned: bool = False,
    ) -> Page:
        """A page of runs; `q` has words and `key:value` (model, dataset, tag, state, kind, again).

        Raises FieldError.
        """
        with self._db.read() as conn:
            return listing.page(
                conn, q=q, kind=kind, state=state, tag=tag, sort=sort, limit=limit, cursor=cursor, binned=binned
            )

    def count_runs(self) -> dict[str, int]:
        """How many runs outside the bin are in each state; a state without runs is left out."""
        with self._db.read() as conn:
            return listing.count(conn)

    def shards(self, run_id: str) -> list[Shard]:
        """The run's shards by replicate. Raises NotFound."""
        with self._db.read() as conn:
            return runs.shard_records(conn, run_id)

    def update_run(
        self, run_id: str, *, name: str | None = None, tags: Iterable[str] | None = None, notes: str | None = None
    ) -> Run:
        """Change what is given. Raises NotFound, FieldError."""
        with self._db.write() as conn:
            runs.relabel(conn, run_id, name=name, tags=tags, notes=notes)
            return runs.get(conn, run_id)

    def cancel_run(self, run_id: str) -> Run:
        """Stop a run; again does nothing. Raises NotFound, Conflict when it has ended otherwise."""
        with self._db.write() as conn:
            lifecycle.cancel(conn, run_id)
            return runs.get(conn, run_id)

    def resume_run(self, run_id: str) -> Run:
        """Queue what was cancelled or failed again. Raises NotFound, Conflict."""
        with self._db.write() as conn:
            lifecycle.resume(conn, run_id)
            return runs.get(conn, run_id)

    def extend_run(self, run_id: str, spec: Experiment, told_s: float | None = None) -> Run:
        """Ask for more of what the kind's `grows` names. Raises NotFound, Conflict, FieldError."""
        with self._db.write() as conn:
            lifecycle.extend(conn, run_id, spec, told_s)
            return runs.get(conn, run_id)

    def bin_run(self, run_id: str) -> Run:
        """Move a run to the bin, cancelled if it is live. Raises NotFound."""
        with self._db.write() as conn:
            lifecycle.discard(conn, run_id)
            return runs.get(conn, run_id)

    def restore_run(self, run_id: str) -> Run:
        """Take a run out of the bin. Raises NotFound."""
        with self._db.write() as conn:
            lifecycle.restore(conn, run_id)
            return runs.get(conn, run_id)

    def purge_run(self, run_id: str) -> None:
        """Delete a binned run for good; its bytes go with the next sweep. Raises NotFound, Conflict."""
        with self._db.write() as conn:
            lifecycle.purge(conn, run_id)

    def empty_bin(self) -> int:
        """Purge every binned run that has stopped; returns how many."""
        with self._db.read() as conn:
            purgeable = lifecycle.purgeable(conn)
        n = 0
        for run_id in purgeable:
            with suppress(NotFound, Conflict):  # somebody was faster
                self.purge_run(run_id)
                n += 1
        return n

    def events(self, run_id: str, after: int = 0, limit: int = 1000) -> list[EventRecord]:
        """The first `limit` events after a seq. Raises NotFound."""
        with self._db.read() as conn:
            return events.after(conn, run_id, after, limit)

    def starts(self, run_id: str) -> list[EventRecord]:
        """The events `started` of every attempt, in order. Raises NotFound."""
        with self._db.read() as conn:
            return events.starts(conn, run_id)

    def outputs(self, run_id: str, replicate: int) -> Outputs:
        """All that a replicate measured and saved, in its order; empty without any. Raises NotFound."""
        with self._db.read() as conn:
            return outputs.of_replicate(conn, run_id, replicate)

    def last_seqs(self, run_ids: Collection[str] | None = None) -> dict[str, int]:
        """The newest seq of each of these runs, or of all that are not in the bin; unknown ones are left out."""
        with self._db.read() as conn:
            return events.last_seqs(conn, run_ids)

    def touched(self, run_id: str, after: int) -> set[str]:
        """What a page that has seen `after` must fetch again: names of series and artifacts, or kinds of events."""
        with self._db.read() as conn:
            return events.touched(conn, run_id, after)

    def series(
        self,
        run_id: str,
        name: str,
        *,
        branch: str | None = None,
        replicate: int | None = None,
        level: int | None = None,
    ) -> Series:
        """All rows of a series, empty when nothing was measured yet. Raises NotFound."""
        with self._db.read() as conn:
            return series.read(conn, run_id, name, branch=branch, replicate=replicate, level=level)

    def newest_level(self, run_id: str, names: Collection[str]) -> int | None:
        """The highest level that any of these series has rows of; None without any."""
        with self._db.read() as conn:
            return series.newest_level(conn, run_id, names)

    def artifacts(self, run_id: str) -> list[ArtifactRef]:
        """The run's artifacts by replicate. Raises NotFound."""
        with self._db.read() as conn:
            return artifacts.of_run(conn, run_id)

    def artifact(self, artifact_id: str) -> ArtifactRef:
        """The newest artifact with this hash. Raises NotFound."""
        with self._db.read() as conn:
            return artifacts.one(conn, artifact_id)

    def sweep_artifacts(self, older_than_s: float = DAY_S) -> Swept:
        """Move bytes that no run refers to and that are older than this to the trash, which empties after a week.

        Raises Mismatch, NotAdopted or MostUnknown when these may be the artifacts of another database.
        """
        with self._db.read() as conn:
            own, needed, released = installation.own(conn), references.referenced(conn), references.let_go(conn)
        installation.check(self.artifacts_store, own, needed | released)
        swept = sweep.sweep(self.artifacts_store, needed, released, older_than_s)
        with self._db.write(hasty=True) as conn:
            references.forget(conn, older_than_s)
        return swept
