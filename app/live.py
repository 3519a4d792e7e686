"""Send open pages what is new: one reader of the store per web process, however many viewers there are.

A wake-up from the broker, or else a poll every second, makes the reader read once. It gives a *hint* to each viewer
that follows such a run. Hints are state and not history: a viewer that is slow gets only the newest hint of each run.
So nothing piles up, and a lost one costs nothing.
"""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cached_property

import orjson
from fastapi.sse import format_sse_event

from app.queue import Queue
from app.records import RunProgress, State
from app.store import Store
from app.store.statuses import Status

log = logging.getLogger(__name__)

POLL_S = 1.0
# Wake-ups closer together than this are read as one: a child may commit every few milliseconds.
MIN_INTERVAL_S = 0.05
# The same while a board is open: its round reads every run there is, and a board is glanced at, not watched.
BOARD_INTERVAL_S = 0.25
# Runs whose hints a board gets when it connects; those of older ones come as soon as they change.
GREETED = 200
# What a run has touched when it goes to the bin, in the hint to a board.
BINNED = "binned"
# New measures of a run among what it has touched: they come after the event that they depend on.
MEASURES = "measures"
_MOVING: frozenset[State] = frozenset({"running", "cancelling"})


@dataclass(frozen=True)
class Hint:
    """The state of a run; `touched` names series, artifacts and event kinds that are new since the viewer's last.

    `measured` is the event up to which it is measured.
    """

    run: str
    seq: int
    state: State
    progress: RunProgress
    touched: frozenset[str] = frozenset()
    measured: int = 0

    @cached_property
    def frame(self) -> bytes:
        """Return this hint as an event of a stream, encoded once for all its viewers."""
        data = {
            "run": self.run,
            "seq": self.seq,
            "state": self.state,
            "progress": self.progress.model_dump(),
            "touched": sorted(self.touched),
        }
        return format_sse_event(data_str=orjson.dumps(data).decode())


class Viewer:
    """One open stream with hints of `runs`, or of all when None; holds at most one hint per run."""

    def __init__(self, runs: frozenset[str] | None) -> None:
        self.runs = runs
        self.greeted = False
        self._hints: dict[str, Hint] = {}
        self._news = asyncio.Event()
        self.closed = False

    def put(self, hint: Hint) -> None:
        """Replace what waits for this run; what it touched adds up."""
        if self.runs is None or hint.run in self.runs:
            waiting = self._hints.get(hint.run)
            if waiting is not None:
                hint = replace(hint, touched=hint.touched | waiting.touched)
            self._hints[hint.run] = hint
            self._news.set()

    def close(self) -> None:
        """End the stream."""
        self.closed = True
        self._news.set()

    async def hints(self, timeout_s: float) -> list[Hint] | None:
        """Return what is new, after at most `timeout_s`; empty when nothing is, None when the stream must end."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._news.wait()
        if self.closed:
            return None
        self._news.clear()
        waiting, self._hints = self._hints, {}
        return list(waiting.values())


class Broadcaster:
    """Reads the store once for all viewers of this process. Use it from the event loop that runs `run()`."""

    def __init__(self, store: Store, queue: Queue) -> None:
        self._store = store
        self._queue = queue
        self._viewers: set[Viewer] = set()
        self._wake = asyncio.Event()
        self._closed = False
        self._known: dict[str, Hint] = {}
        self._seqs: dict[str, int] = {}
        # Runs whose news have been followed since the last read: None is all of them.
        self._followed: frozenset[str] | None = frozenset()

    @property
    def viewers(self) -> int:
        """Return the number of streams open now."""
        return len(self._viewers)

    @contextmanager
    def viewer(self, runs: frozenset[str] | None) -> Iterator[Viewer]:
        """Yield a viewer of `runs` (None: all) for as long as the block lasts; it first gets their current hints."""
        viewer = Viewer(runs)
        if self._closed:
            viewer.close()
        self._viewers.add(viewer)
        self._wake.set()
        try:
            yield viewer
        finally:
            self._viewers.discard(viewer)

    def close(self) -> None:
        """End all streams and `run()`; later viewers end at once."""
        self._closed = True
        self._wake.set()
        for viewer in self._viewers:
            viewer.close()

    async def run(self) -> None:
        """Read and hand out until closed."""
        listener = asyncio.create_task(self._listen())
        try:
            while not self._closed:
                with suppress(TimeoutError):
                    async with asyncio.timeout(POLL_S if self._viewers else None):
                        await self._wake.wait()
                self._wake.clear()
                await self._round()
                await asyncio.sleep(self._interval_s())
        finally:
            listener.cancel()
            with suppress(asyncio.CancelledError):
                await listener

    def _interval_s(self) -> float:
        return BOARD_INTERVAL_S if _union(tuple(self._viewers)) is None else MIN_INTERVAL_S

    async def _listen(self) -> None:
        async for _ in self._queue.listen():
            if self._viewers:
                self._wake.set()

    async def _round(self) -> None:
        viewers = tuple(self._viewers)
        if not viewers:
            self._followed = frozenset()
            self._known.clear()
            self._seqs.clear()
            return
        try:
            new = await asyncio.to_thread(self._read, viewers)
            # At once: they count as sent now, and would be lost if the greetings failed.
            for viewer in viewers:
                for hint in new:
                    viewer.put(hint)
            current = await asyncio.to_thread(self._greetings, [v for v in viewers if not v.greeted])
        except Exception as error:  # noqa: BLE001 (a database that is away for a while must not end the live pages)
            log.warning("live pages wait for the store: %s", error)
            return
        for viewer in viewers:
            if not viewer.greeted:
                viewer.greeted = True
                for hint in current:
                    viewer.put(hint)

    def _read(self, viewers: tuple[Viewer, ...]) -> list[Hint]:
        """Read what changed since the last read, among the runs that some viewer follows."""
        wanted = _union(viewers)
        seqs = self._store.last_seqs(None if wanted is None else sorted(wanted))
        before, known = self._seqs, {run_id: hint for run_id, hint in self._known.items() if run_id in seqs}
        hints = []
        statuses = self._store.statuses([run_id for run_id, seq in seqs.items() if self._may_be_news(run_id, seq)])
        # Read after those, so that no event up to their seq is missed.
        after = {
            run_id: before.get(run_id, 0) for run_id, status in statuses.items() if status.seq != before.get(run_id)
        }
        touched = self._store.touched_each(after) if after else {}
        for run_id, status in statuses.items():
            old = known.get(run_id)
            measured = {MEASURES} if old is not None and status.measured != old.measured else set()
            hint = _hint(run_id, status, frozenset(measured.union(touched.get(run_id, ()))))
            if hint.touched or old is None or replace(hint, touched=old.touched) != old:
                hints.append(hint)
            known[run_id] = hint
            seqs[run_id] = hint.seq
        if wanted is None:
            gone = self._known.keys() - seqs.keys()
            hints += [replace(self._known[run_id], touched=frozenset({BINNED})) for run_id in gone]
        self._seqs, self._known, self._followed = seqs, known, wanted
        return hints

    def _may_be_news(self, run_id: str, seq: int) -> bool:
        """Return whether something may be new of a run, whose newest event is `seq`."""
        if run_id not in self._seqs and self._followed is not None and run_id not in self._followed:
            # Not followed until now: nothing of it is news. Its viewers are greeted with its state.
            return False
        old = self._known.get(run_id)
        waits = old is not None and (old.state in _MOVING or old.measured < old.seq)
        return waits or seq != self._seqs.get(run_id)

    def _greetings(self, viewers: list[Viewer]) -> list[Hint]:
        """Return the state of the runs of new viewers; nothing is replayed."""
        if not viewers:
            return []
        wanted = _union(viewers)
        run_ids = self._store.newest(GREETED) if wanted is None else sorted(wanted)
        statuses = self._store.statuses(run_ids)
        hints = [_hint(run_id, statuses[run_id]) for run_id in run_ids if run_id in statuses]
        for hint in hints:
            # The last hint to others stays: they have not had this one.
            self._known.setdefault(hint.run, hint)
        return hints


def _hint(run_id: str, status: Status, touched: frozenset[str] = frozenset()) -> Hint:
    return Hint(run_id, status.seq, status.state, status.progress, touched, status.measured)


def _union(viewers: "list[Viewer] | tuple[Viewer, ...]") -> frozenset[str] | None:
    """Return the runs that any of these viewers follows; None is all."""
    wanted: set[str] = set()
    for viewer in viewers:
        if viewer.runs is None:
            return None
        wanted |= viewer.runs
    return frozenset(wanted)
