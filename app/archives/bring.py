"""Runs and sweeps of an archive as those of this installation: all of them, or nothing."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, cast

from pydantic import ValidationError

from app.archives import sweeps
from app.archives.manifest import ArchivedRun, ArchivedSweep
from app.archives.read import FILE, Archive
from app.archives.rename import addresses
from app.imports.header import read_header
from app.imports.refused import Refused
from app.store import Conflict, NotFound, Store, ids
from app.store.archived import ArtifactRow, ChunkRow, EventRow, Row, RunRow, ShardRow, key_text

Fate: TypeAlias = Literal["new", "equal", "different"]


@dataclass(frozen=True)
class Arrival:
    """What becomes of a run or sweep of an archive: its id here, and whether it is `new`, there, or there as another.

    `differs` names what differs in the one that exists.
    """

    run: ArchivedRun | ArchivedSweep
    id: str
    fate: Fate
    differs: str = ""

    @property
    def what(self) -> Literal["run", "sweep"]:
        """Return which of them it is."""
        return "sweep" if isinstance(self.run, ArchivedSweep) else "run"


def arrivals(store: Store, archive: Archive, *, new_ids: bool) -> list[Arrival]:
    """Check an archive, and return what would become of its runs and then its sweeps. Raises Refused."""
    artifacts: dict[str, int] = {}
    kinds = {run.id: _check(archive, run, artifacts) for run in archive.manifest.runs}
    for sweep in archive.manifest.sweeps:
        sweeps.check(archive, sweep, kinds)
    files = {name.removeprefix("artifacts/") for name in archive.digests if name[0] == "a"}
    if files != set(artifacts):
        raise Refused(FILE, "holds other artifacts than its runs have saved")
    for sha256, size in artifacts.items():
        name = f"artifacts/{sha256}"
        if archive.size(name) != size:
            raise Refused(FILE, f"{name} has another size than its run says")
        read_header(cast(Any, _Window(archive, name)), size, name)
    if new_ids:
        held: list[ArchivedRun | ArchivedSweep] = [*archive.manifest.runs, *archive.manifest.sweeps]
        return [Arrival(row, ids.run_id(), "new") for row in held]
    return [
        *(_compared(store, archive, run) for run in archive.manifest.runs),
        *(_compared_sweep(store, archive, sweep) for sweep in archive.manifest.sweeps),
    ]


def bring(store: Store, archive: Archive, arrivals: list[Arrival]) -> None:
    """Store what is new of a checked archive. Raises Conflict, for all of it, where one is here as another."""
    if different := [item for item in arrivals if item.fate == "different"]:
        these = [f"{item.what} {item.run.id} is here already, with another {item.differs}" for item in different[:20]]
        more = f"; and {len(different) - 20:,} more" if len(different) > 20 else ""
        raise Conflict(f"nothing was imported: {'; '.join(these)}{more}. Import with new ids to have both")
    new = [item for item in arrivals if item.fate == "new"]
    renamed = {item.run.id: item.id for item in new if item.id != item.run.id}
    runs = [item.run.id for item in new if item.what == "run"]
    needed = {row.sha256 for run_id in runs for row in archive.rows(run_id) if isinstance(row, ArtifactRow)}
    for sha256 in sorted(needed):
        store.artifacts_store.put_pieces(archive.pieces(f"artifacts/{sha256}"))
    store.put_archived(
        [_renamed(archive.rows(run_id), renamed) for run_id in runs],
        needed,
        [sweeps.renamed(archive.sweep_rows(item.run.id), renamed) for item in new if item.what == "sweep"],
    )


class _Window:
    """The beginning of a member as a file that can be wound back, for who reads its header."""

    def __init__(self, archive: Archive, name: str) -> None:
        self._begin = b""
        for piece in archive.pieces(name):
            self._begin += piece
            if len(self._begin) >= 2**21:
                break
        self._at = 0

    def seek(self, at: int) -> None:
        """Go to a byte."""
        self._at = at

    def read(self, length: int) -> bytes:
        """Return the next bytes."""
        data = self._begin[self._at : self._at + length]
        self._at += len(data)
        return data


def _check(archive: Archive, run: ArchivedRun, artifacts: dict[str, int]) -> str:
    """Check that the rows of a run fit together, and add its artifacts; return its kind. Raises Refused."""
    name = f"runs/{run.id}.jsonl"
    head: RunRow | None = None
    order = {RunRow: 0, ShardRow: 1, EventRow: 2, ChunkRow: 3, ArtifactRow: 4}
    at, seqs = -1, 0
    replicates: set[int] = set()
    kinds: dict[int, str] = {}
    ordinals: set[tuple[int, int]] = set()

    def refuse(why: str) -> Refused:
        return Refused(FILE, f"{name}: {why}")

    for row in archive.rows(run.id):
        place = order[type(row)]
        if place < at or (place == 0 and head is not None) or (head is None and place):
            raise refuse("its rows are out of order")
        at = place
        if isinstance(row, RunRow):
            head = row
            if (row.id, row.name, row.state) != (run.id, run.name, run.state):
                raise refuse("its run is another than the manifest names")
            continue
        if isinstance(row, ShardRow):
            if row.replicate in replicates:
                raise refuse(f"replicate {row.replicate} occurs twice")
            replicates.add(row.replicate)
            continue
        if row.replicate is not None and row.replicate not in replicates:
            raise refuse(f"replicate {row.replicate} is not one of the run")
        if isinstance(row, EventRow):
            seqs += 1
            if row.seq != seqs:
                raise refuse(f"event {seqs} is missing")
            if row.ordinal is not None and row.replicate is not None:
                if (row.replicate, row.ordinal) in ordinals:
                    raise refuse(f"row {row.ordinal} of replicate {row.replicate} occurs twice")
                ordinals.add((row.replicate, row.ordinal))
            if row.body["kind"] in ("measured", "artifact_saved"):
                kinds[row.seq] = row.body["kind"]
            continue
        wanted = "measured" if isinstance(row, ChunkRow) else "artifact_saved"
        if kinds.pop(row.seq, "") != wanted:
            raise refuse(f"a row belongs to event {row.seq}, which is no such event")
        try:
            key_text(cast(RunRow, head).kind, row.key)
        except ValidationError:
            raise refuse(f"event {row.seq} names a training that its kind of run does not have") from None
        if isinstance(row, ArtifactRow) and artifacts.setdefault(row.sha256, row.size_bytes) != row.size_bytes:
            raise refuse(f"artifact {row.sha256} has two sizes")
    if head is None or head.last_seq != seqs or kinds:
        raise refuse("rows are missing")
    if replicates != set(range(len(replicates))):
        raise refuse("a replicate is missing")
    return head.kind


def _compared_sweep(store: Store, archive: Archive, sweep: ArchivedSweep) -> Arrival:
    differs = sweeps.difference(store, archive, sweep)
    if differs is None:
        return Arrival(sweep, sweep.id, "new")
    return Arrival(sweep, sweep.id, "different" if differs else "equal", differs)


def _compared(store: Store, archive: Archive, run: ArchivedRun) -> Arrival:
    try:
        here = iter(store.archived(run.id))
        first = cast(RunRow, next(here))
    except NotFound:
        return Arrival(run, run.id, "new")
    digest = hashlib.sha256(first.line)
    for row in here:
        digest.update(row.line)
    if digest.hexdigest() == archive.digests[f"runs/{run.id}.jsonl"]:
        return Arrival(run, run.id, "equal")
    there = cast(RunRow, next(archive.rows(run.id)))
    names = ("name", "tags", "notes", "state", "spec")
    differing = [name for name in names if getattr(first, name) != getattr(there, name)]
    return Arrival(run, run.id, "different", " and ".join(differing) or "log")


def _renamed(rows: Iterator[Row], renamed: Mapping[str, str]) -> Iterator[Row]:
    """Yield rows with the new ids of runs, in specs too: a run that measures a ticket of the archive finds it again."""
    for row in rows:
        if not renamed or not isinstance(row, RunRow):
            yield row
            continue
        again_of = renamed.get(row.again_of, row.again_of) if row.again_of else None
        changed = {"id": renamed.get(row.id, row.id), "again_of": again_of, "spec": addresses(row.spec, renamed)}
        yield row.model_copy(update=changed)
