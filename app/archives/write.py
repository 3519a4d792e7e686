"""Runs and sweeps as a zip file, written as it is sent: neither the file nor a run is ever whole in memory."""

import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from app.archives.manifest import MANIFEST, ArchivedRun, ArchivedSweep, Manifest, Member
from app.store import Conflict, Store
from app.store.archived import ArtifactRow, RunRow
from app.store.archived_sweeps import MemberRow, SweepRow, SweepRows

MEDIA_TYPE = "application/zip"
_PIECE = 2**18


class _Pipe(io.RawIOBase):
    """A file that cannot be read or wound back: what was written is taken from it."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self.waiting = 0

    def writable(self) -> bool:
        """Return that it can be written to."""
        return True

    def write(self, data: object) -> int:
        """Keep bytes until they are taken."""
        part = bytes(data)  # type: ignore[call-overload]
        self._parts.append(part)
        self.waiting += len(part)
        return len(part)

    def take(self) -> bytes:
        """Return what was written since the last time."""
        parts, self._parts, self.waiting = self._parts, [], 0
        return b"".join(parts)


class _Writer:
    """Members of a zip file, each with its size and digest."""

    def __init__(self) -> None:
        self._pipe = _Pipe()
        self._zip = ZipFile(self._pipe, "w", allowZip64=True)
        self.members: list[Member] = []

    def member(self, name: str, pieces: Iterator[bytes], *, packed: bool) -> Iterator[bytes]:
        """Write a member; yield the bytes of the file as they come."""
        about = ZipInfo(name, (1980, 1, 1, 0, 0, 0))
        about.compress_type = ZIP_DEFLATED if packed else ZIP_STORED
        digest, size = hashlib.sha256(), 0
        with self._zip.open(about, "w", force_zip64=True) as file:
            for piece in pieces:
                digest.update(piece)
                size += len(piece)
                file.write(piece)
                if self._pipe.waiting >= _PIECE:
                    yield self._pipe.take()
        self.members.append(Member(name=name, size_bytes=size, sha256=digest.hexdigest()))
        yield self._pipe.take()

    def end(self) -> bytes:
        """Return what comes after the last member."""
        self._zip.close()
        return self._pipe.take()


def check(store: Store, run_ids: Sequence[str]) -> int:
    """Return how many bytes the artifacts of runs have. Raises NotFound, and Conflict where one has lost its bytes."""
    sizes: dict[str, int] = {}
    for run_id in run_ids:
        for saved in store.artifacts(run_id):
            if saved.id not in sizes and not store.artifacts_store.exists(saved.id):
                raise Conflict(f"run {run_id} cannot be exported: the bytes of its artifact {saved.id} are lost")
            sizes[saved.id] = saved.size_bytes
    return sum(sizes.values())


def runs_of(rows: Iterable[SweepRows]) -> list[str]:
    """Return the runs that the rows of a sweep name."""
    return [row.run for row in rows if isinstance(row, MemberRow) and row.run]


def archive(store: Store, run_ids: Sequence[str], sweep_ids: Sequence[str] = ()) -> Iterator[bytes]:
    """Yield an archive of runs, each as it is at one moment, and of sweeps with theirs. Raises NotFound."""
    writer = _Writer()
    runs: list[ArchivedRun] = []
    sweeps: list[ArchivedSweep] = []
    for sweep_id in sweep_ids:
        live, sweep_rows = store.sweep(sweep_id).state, store.archived_sweep(sweep_id)
        run_ids = list(dict.fromkeys([*run_ids, *runs_of(sweep_rows)]))
        head = sweep_rows[0]
        assert isinstance(head, SweepRow)  # noqa: S101 (it comes first)
        state: Any = "cancelled" if head.state == "cancelled" else "finished"
        sweeps.append(ArchivedSweep(id=head.id, name=head.name, state=state, was=live))
        yield from writer.member(f"sweeps/{sweep_id}.jsonl", (row.line for row in sweep_rows), packed=True)
    artifacts: dict[str, None] = {}
    for run_id in run_ids:
        was = store.run(run_id).state

        def lines(run_id: str = run_id, was: str = was) -> Iterator[bytes]:
            for row in store.archived(run_id):
                if isinstance(row, RunRow):
                    runs.append(ArchivedRun(id=row.id, name=row.name, state=row.state, was=was))
                elif isinstance(row, ArtifactRow):
                    artifacts[row.sha256] = None
                yield row.line

        yield from writer.member(f"runs/{run_id}.jsonl", lines(), packed=True)
    for sha256 in artifacts:
        yield from writer.member(f"artifacts/{sha256}", store.artifacts_store.pieces(sha256), packed=False)
    manifest = Manifest(
        program=f"ticketscope {version('ticketscope')}", created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        runs=runs, sweeps=sweeps, members=writer.members, format=2 if sweeps else 1,
    )  # fmt: skip
    yield from writer.member(MANIFEST, iter([manifest.text]), packed=True)
    yield writer.end()
