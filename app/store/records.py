"""Runs and what they measured: for those who submit them and look at them."""

import itertools
import logging
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app import logs
from app.contract.events import ArtifactSaved, Measured
from app.contract.experiment import Experiment, RunSpec
from app.records import (
    Priority,
    Run,
    View,
)
from app.search.facts import Fact
from app.store import (
    archive,
    archive_sweeps,
    audit,
    bulk,
    ids,
    imported,
    installation,
    lifecycle,
    measures,
    notices,
    priorities,
    references,
    runs,
    submissions,
    sweep_bin,
    trash,
    views,
)
from app.store.archived import Row
from app.store.archived_sweeps import SweepRows
from app.store.connected import Connected
from app.store.errors import Conflict, NotFound
from app.store.submissions import Once
from app.store.trash import DAY_S, Swept

log = logging.getLogger(__name__)


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
        estimated_s: float | None = None,
        once: Once | None = None,
        priority: Priority = "normal",
    ) -> Run:
        """Store a run and queue its shards. Raises FieldError for a bad name, tag or note.

        `again_of` is the run that it repeats. `estimated_s` is the estimate for each shard that the person saw, to be
        compared with the time that the shard will take. A request that was stored already (`once`) returns its run.
        """
        about: dict[str, Any] = {"name": name, "tags": list(tags), "notes": notes, "again_of": again_of}

        def write(conn: Connection, run_id: str) -> str:
            if once is not None and (stored := submissions.begin(conn, once)) is not None and stored.run_id:
                return stored.run_id
            runs.create(conn, run_id, spec, **about, estimated_s=estimated_s)
            priorities.put_several(conn, [run_id], priority)
            if once is not None:
                submissions.end(conn, once, run_id=run_id)
            audit.note(conn, "submit", "run", [run_id], name)
            return run_id

        return self._create(write)

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
        about: dict[str, Any] = {"name": name, "tags": list(tags), "notes": notes}
        saved = (output for item in outputs for output in item if isinstance(output, ArtifactSaved))
        self.artifacts_store.sync(output.sha256 for output in saved)

        def write(conn: Connection, run_id: str) -> str:
            imported.create(conn, run_id, spec, outputs, provenance, **about)
            audit.note(conn, "import", "run", [run_id], name)
            return run_id

        return self._create(write)

    def _create(self, write: Callable[[Connection, str], str]) -> Run:
        """Store a new run under an id that is free, and return the one that `write` names."""
        for attempt in itertools.count(1):
            run_id = ids.run_id()
            try:
                with self._db.write() as conn:
                    run = runs.get(conn, write(conn, run_id))
            except IntegrityError:  # another process drew the same id in the same millisecond
                if attempt == 3:
                    raise
            else:
                log.info("a run was submitted", extra=logs.about(run=run.id))
                return run
        raise AssertionError("unreachable")

    def update_run(
        self, run_id: str, *, name: str | None = None, tags: Iterable[str] | None = None, notes: str | None = None
    ) -> Run:
        """Change what is given. Raises NotFound, FieldError."""
        with self._db.write() as conn:
            before = runs.get(conn, run_id).notes
            runs.relabel(conn, run_id, name=name, tags=tags, notes=notes)
            notices.of_text(conn, "run", run_id, notes or "", before, comment=False)
            audit.note(conn, "edit", "run", [run_id])
            return runs.get(conn, run_id)

    def save_view(self, name: str, query: str) -> View:
        """Name a view of the board, in place of one of the same name. Raises FieldError, Conflict."""
        with self._db.write() as conn:
            view = views.save(conn, ids.run_id(), name, query)
            audit.note(conn, "save", "view", [view.id], name)
            return view

    def discard_view(self, view_id: str) -> View:
        """Take a view off the list. Raises NotFound."""
        with self._db.write() as conn:
            view = views.discard(conn, view_id)
            audit.note(conn, "delete", "view", [view_id], view.name)
            return view

    def restore_view(self, view_id: str) -> View:
        """Put a deleted view back. Raises NotFound, Conflict."""
        with self._db.write() as conn:
            view = views.restore(conn, view_id)
            audit.note(conn, "restore", "view", [view_id], view.name)
            return view

    def measure(self, run_id: str, seq: int, measured: Iterable[Fact]) -> None:
        """Keep the measures of a run as of event `seq`, unless newer ones are kept already or the run is gone."""
        with self._db.write(hasty=True) as conn:
            measures.put(conn, run_id, seq, measured)

    def cancel_run(self, run_id: str) -> Run:
        """Stop a run; again does nothing. Raises NotFound, Conflict when it has ended otherwise."""
        with self._db.write() as conn:
            lifecycle.cancel(conn, run_id)
            audit.note(conn, "cancel", "run", [run_id])
            return runs.get(conn, run_id)

    def resume_run(self, run_id: str) -> Run:
        """Queue what was cancelled or failed again. Raises NotFound, Conflict."""
        with self._db.write() as conn:
            lifecycle.resume(conn, run_id)
            audit.note(conn, "resume", "run", [run_id])
            return runs.get(conn, run_id)

    def extend_run(self, run_id: str, spec: Experiment, estimated_s: float | None = None) -> Run:
        """Ask for more of what the kind's `grows` names. Raises NotFound, Conflict, FieldError."""
        with self._db.write() as conn:
            lifecycle.extend(conn, run_id, spec, estimated_s)
            audit.note(conn, "extend", "run", [run_id])
            return runs.get(conn, run_id)

    def bin_run(self, run_id: str) -> Run:
        """Move a run to the bin, cancelled if it is live. Raises NotFound."""
        with self._db.write() as conn:
            lifecycle.discard(conn, run_id)
            audit.note(conn, "bin", "run", [run_id])
            return runs.get(conn, run_id)

    def restore_run(self, run_id: str) -> Run:
        """Take a run out of the bin. Raises NotFound."""
        with self._db.write() as conn:
            lifecycle.restore(conn, run_id)
            audit.note(conn, "restore", "run", [run_id])
            return runs.get(conn, run_id)

    def change_runs(
        self, action: bulk.Action, run_ids: Collection[str], tags: bulk.Tags = (), seen: Mapping[str, str] | None = None
    ) -> bulk.Outcome:
        """Do one thing to many runs, some to a transaction; those that it does not apply to stay as they are.

        `seen` is the condition of runs in a preview: one that has changed since stays as it is, too.
        Raises FieldError for a bad tag.
        """
        checked, outcome = bulk.tags_of(action, run_ids, tags), bulk.Outcome()
        rest = list(bulk.chunks(set(run_ids)))
        while rest:
            try:
                with self._db.write() as conn:
                    done = bulk.apply(conn, action, rest[0], checked, seen or {})
                    for detail, changed in done.by_tags.items():
                        audit.note(conn, action, "run", changed, ", ".join(detail))
            except (DBAPIError, PoolTimeout):
                if not outcome.asked:
                    raise
                outcome.unchanged[bulk.UNREACHED] = [run_id for chunk in rest for run_id in chunk]
                return outcome
            outcome.add(done)
            rest.pop(0)
        return outcome

    def archived(self, run_id: str) -> Iterator[Row]:
        """Yield the rows of a run for an archive, all as of one moment. Raises NotFound with the first."""
        with self._db.snapshot() as conn:
            yield from archive.rows_of(conn, run_id, time.time())

    def archived_sweep(self, sweep_id: str) -> list[SweepRows]:
        """Yield the rows of a sweep for an archive, all as of one moment, its own first. Raises NotFound."""
        with self._db.snapshot() as conn:
            return list(archive_sweeps.rows_of(conn, sweep_id))

    def put_archived(
        self, archived: Iterable[Iterable[Row]], artifacts: Collection[str], sweeps: Iterable[Iterable[SweepRows]] = ()
    ) -> None:
        """Store the checked rows of runs, whose artifacts are there already, and of sweeps, in one transaction.

        Raises Conflict when one of them was stored meanwhile.
        """
        self.artifacts_store.sync(artifacts)
        try:
            with self._db.write() as conn:
                for rows in archived:
                    audit.note(conn, "import", "run", [archive.put(conn, rows)])
                for sweep in sweeps:
                    archive_sweeps.put(conn, sweep)
        except IntegrityError as error:
            raise Conflict("nothing was imported: one of these runs or sweeps has been stored meanwhile") from error

    def purge_run(self, run_id: str) -> None:
        """Delete a binned run for good; its bytes go with the next sweep. Raises NotFound, Conflict."""
        with self._db.write() as conn:
            lifecycle.purge(conn, run_id)
            audit.note(conn, "delete for good", "run", [run_id])

    def empty_bin(self) -> int:
        """Purge every binned run that has stopped, and every binned sweep; returns how many runs."""
        with self._db.read() as conn:
            purgeable, sweeps = lifecycle.purgeable(conn), sweep_bin.binned(conn)
        n = 0
        for run_id in purgeable:
            with suppress(NotFound, Conflict):  # another request was faster
                self.purge_run(run_id)
                n += 1
        for sweep_id in sweeps:
            with suppress(NotFound, Conflict), self._db.write() as conn:
                sweep_bin.purge(conn, sweep_id)
                audit.note(conn, "delete for good", "sweep", [sweep_id])
        return n

    def sweep_artifacts(self, older_than_s: float = DAY_S) -> Swept:
        """Move bytes that no run refers to and that are older than this to the trash, which empties after a week.

        Does nothing while a backup copies them.
        Raises Mismatch, NotAdopted or MostUnknown when these may be the artifacts of another database.
        """
        with self._db.read() as conn:
            own, needed, released = installation.own(conn), references.referenced(conn), references.let_go(conn)
            # After what is needed was read: a backup that begins later needs nothing else that is old.
            if installation.keeps_artifacts(conn):
                return Swept()
        installation.check(self.artifacts_store, own, needed | released)
        swept = trash.sweep(self.artifacts_store, needed, released, older_than_s)
        with self._db.write(hasty=True) as conn:
            references.forget(conn, older_than_s)
        return swept
