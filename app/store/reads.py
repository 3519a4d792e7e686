"""Everything that can be read of a store."""

from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy import Connection

from app.contract.outputs import Outputs
from app.contract.training_key import Value
from app.records import (
    ArtifactRef,
    EventRecord,
    Groups,
    Member,
    Page,
    Refusal,
    Run,
    Series,
    Shard,
    Sweep,
    SweepPage,
    View,
    WorkerInfo,
)
from app.search.facts import Fact
from app.store import (
    artifacts,
    bulk,
    events,
    facts,
    grouping,
    listing,
    measures,
    outputs,
    refusals,
    runs,
    series,
    speeds,
    statuses,
    sweep_rows,
    timings,
    views,
    workers,
)
from app.store.artifacts import Artifacts
from app.store.cost_reads import CostReads
from app.store.discussed import Discussed
from app.store.measures import Costs
from app.store.project_reads import ProjectReads
from app.store.queue_reads import QueueReads
from app.store.runs import Relatives
from app.store.speeds import Speed
from app.store.statuses import Status
from app.store.timings import Timing
from app.store.workers import Held


class Reads(Discussed, QueueReads, CostReads, ProjectReads):
    """What is stored, as it is now or as it was at one moment."""

    artifacts_store: Artifacts
    origin: "Reads"
    """The store itself: the same for all that reads it, at whichever moment."""

    @abstractmethod
    def _read(self) -> AbstractContextManager[Connection]:
        """Return a transaction that only reads."""

    def _none_of(self, run_id: str) -> list[Any]:
        """Return nothing of a run. Raises NotFound where there is no such run."""
        self.run(run_id)
        return []

    def run(self, run_id: str) -> Run:
        """Return a run. Raises NotFound."""
        with self._read() as conn:
            return runs.get(conn, run_id)

    def relatives(self, run_id: str, newest: int) -> Relatives:
        """Return the run with the one that it repeats and at most `newest` that repeat it. Raises NotFound."""
        with self._read() as conn:
            return runs.relatives(conn, run_id, newest)

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
        within: tuple[str, str] | None = None,
    ) -> Page:
        """Return a page of runs.

        `q` is a query (`app.search.parse`), `sort` a key of `ordering.SORTS` or a field of a spec.
        `within` are a field and the key of a group of `groups`. Raises FieldError.
        """
        which: dict[str, Any] = {"q": q, "kind": kind, "state": state, "tag": tag, "binned": binned, "within": within}
        with self._read() as conn:
            return listing.page(conn, sort=sort, limit=limit, cursor=cursor, **which)

    def newest(self, limit: int, *, q: str = "", state: str | None = None, tag: str | None = None) -> list[str]:
        """Return the ids of the newest runs that a query finds. Raises FieldError."""
        with self._read() as conn:
            return listing.newest(conn, q=q, state=state, tag=tag, limit=limit)

    def groups(
        self,
        group: str,
        *,
        q: str = "",
        state: str | None = None,
        tag: str | None = None,
        columns: Sequence[str] = (),
        sort: str = "value",
    ) -> Groups:
        """Return the runs that a query finds as groups that share a field; see `grouping.groups`. Raises FieldError."""
        with self._read() as conn:
            return grouping.groups(conn, q=q, state=state, tag=tag, group=group, columns=columns, sort=sort)

    def several(self, run_ids: Sequence[str]) -> list[Run]:
        """Return these runs in their order, read at once. Raises NotFound."""
        with self._read() as conn:
            return runs.several(conn, run_ids)

    def facts(self, run_ids: Collection[str], names: Collection[str] = ()) -> dict[str, list[Fact]]:
        """Return the fields of the specs of these runs, then their measures, by run.

        Of measures at a share of kept weights those with `names` such as "result.accuracy@5%".
        """
        with self._read() as conn:
            return facts.of(conn, run_ids, names)

    def views(self) -> list[View]:
        """Return views of the board that have a name, by name."""
        with self._read() as conn:
            return views.known(conn)

    def unmeasured(self, limit: int) -> list[str]:
        """Return the newest runs whose log has grown since their measures were computed."""
        with self._read() as conn:
            return measures.pending(conn, limit)

    def costs(self, run_id: str) -> Costs:
        """Return what a run has cost up to now."""
        with self._read() as conn:
            return measures.costs(conn, run_id)

    def sweep(self, sweep_id: str) -> Sweep:
        """Return a sweep. Raises NotFound."""
        with self._read() as conn:
            return sweep_rows.get(conn, sweep_id)

    def sweeps(self, limit: int = 50, cursor: str | None = None, *, binned: bool = False) -> SweepPage:
        """Return a page of sweeps, the newest first; or of those in the bin."""
        with self._read() as conn:
            return sweep_rows.page(conn, limit, cursor, binned=binned)

    def members(self, sweep_id: str) -> list[Member]:
        """Return the members of a sweep by position, with the progress of their runs."""
        with self._read() as conn:
            return sweep_rows.members(conn, sweep_id)

    def count_runs(self) -> dict[str, int]:
        """Return how many runs outside the bin are in each state; a state without runs is left out."""
        with self._read() as conn:
            return listing.count(conn)

    def count_matching(self, q: str, *, binned: bool = False) -> int:
        """Return how many runs a query finds. Raises FieldError."""
        with self._read() as conn:
            return bulk.count(conn, q, binned=binned)

    def matching_ids(self, q: str, *, binned: bool = False) -> list[str]:
        """Return the ids of the runs that a query finds, at most `bulk.MOST`. Raises FieldError."""
        with self._read() as conn:
            return bulk.matching_ids(conn, q, binned=binned)

    def preview_change(self, action: bulk.Action, run_ids: Collection[str], tags: bulk.Tags = ()) -> bulk.Outcome:
        """Return what an action on many runs would change. Raises FieldError for a bad tag."""
        checked, outcome = bulk.tags_of(action, run_ids, tags), bulk.Outcome()
        with self._read() as conn:
            for chunk in bulk.chunks(run_ids):
                outcome.add(bulk.preview(conn, action, chunk, checked))
        return outcome

    def shards(self, run_id: str) -> list[Shard]:
        """Return the run's shards by replicate. Raises NotFound."""
        with self._read() as conn:
            return runs.shard_records(conn, run_id)

    def events(self, run_id: str, after: int = 0, limit: int = 1000) -> list[EventRecord]:
        """Return the first `limit` events after a seq. Raises NotFound."""
        with self._read() as conn:
            return events.after(conn, run_id, after, limit) or self._none_of(run_id)

    def starts(self, run_id: str) -> list[EventRecord]:
        """Return the events `started` of every attempt, in order. Raises NotFound."""
        with self._read() as conn:
            return events.starts(conn, run_id) or self._none_of(run_id)

    def outputs(self, run_id: str, replicate: int) -> Outputs:
        """Return all that a replicate measured and saved, in its order; empty without any. Raises NotFound."""
        with self._read() as conn:
            return outputs.of_replicate(conn, run_id, replicate)

    def last_seqs(self, run_ids: Collection[str] | None = None) -> dict[str, int]:
        """Return the newest seq of each of these runs, or of all that are not in the bin; unknown ones are left out."""
        with self._read() as conn:
            return events.last_seqs(conn, run_ids)

    def touched(self, run_id: str, after: int) -> set[str]:
        """Return what a page that has seen `after` must fetch again: series, artifacts or kinds of events."""
        with self._read() as conn:
            return events.touched(conn, run_id, after)

    def touched_each(self, after: Mapping[str, int]) -> dict[str, set[str]]:
        """Return what a page must fetch again of each run, of which it has seen the events up to the given one."""
        with self._read() as conn:
            return statuses.touched(conn, after)

    def statuses(self, run_ids: Collection[str]) -> dict[str, Status]:
        """Return where each of these runs is; unknown ones are left out."""
        with self._read() as conn:
            return statuses.of(conn, run_ids)

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
        with self._read() as conn:
            return series.read(conn, run_id, name, {"replicate": replicate, **coordinates})

    def newest_level(self, run_id: str, names: Collection[str]) -> int | None:
        """Return the highest level that any of these series has rows of; None without any."""
        with self._read() as conn:
            return series.newest_level(conn, run_id, names)

    def artifacts(self, run_id: str) -> list[ArtifactRef]:
        """Return the run's artifacts by replicate. Raises NotFound."""
        with self._read() as conn:
            return artifacts.of_run(conn, run_id) or self._none_of(run_id)

    def artifact(self, artifact_id: str) -> ArtifactRef:
        """Return the newest artifact with this hash. Raises NotFound."""
        with self._read() as conn:
            return artifacts.one(conn, artifact_id)

    def refusals(self, run_id: str) -> list[Refusal]:
        """Return which workers cannot go on with the run's waiting shards, and why."""
        with self._read() as conn:
            return refusals.of_run(conn, run_id)

    def queue_length(self) -> dict[str, int]:
        """Return the number of queued shards by the workers they wait for: `cpu`, `gpu` or `any`."""
        return self.edge().waiting

    def workers(self) -> list[WorkerInfo]:
        """Return workers seen within a day; `alive` are those seen in the last 15 s by the database's clock."""
        with self._read() as conn:
            return workers.known(conn)

    def held(self, run_ids: Collection[str]) -> list[Held]:
        """Return the shards of these runs that workers hold, by replicate, and each run without any once."""
        if not run_ids:
            return []
        with self._read() as conn:
            return workers.held(conn, run_ids)

    def timings(self) -> list[Timing]:
        """Return measured and estimated seconds of the newest shards, the newest first."""
        with self._read() as conn:
            return timings.newest(conn)

    def speeds(self) -> list[Speed]:
        """Return every speed that was measured last."""
        with self._read() as conn:
            return speeds.known(conn)
