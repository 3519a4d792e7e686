"""The scheduler on a virtual clock: real claims and releases in SQLite, with shards of made-up lengths.

SQLite's clock is replaced by the virtual one, so every rule runs as it is. Claims and releases pass one after the other
and take their measured processor time. A slot that waits for its claim is idle meanwhile.
"""

import heapq
import random
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from sqlalchemy import event

from app.kinds.presets import PRESETS
from app.records import Priority
from app.store import Claim, Store
from app.store.acting import Actor, as_person

START = 1_800_000_000.0
"""The virtual clock at the beginning, in seconds since 1970."""

SHORTEST_S, LONGEST_S = 100.0, 1500.0
"""How long shards last."""

_JULIAN = 2440587.5
_DAY_S = 86400.0


class Job(NamedTuple):
    """A run of a person: `n` shards of `seconds` each."""

    owner: str
    n: int
    seconds: float
    priority: Priority = "normal"


class Report(NamedTuple):
    """What a simulation came to.

    `share_error` is the largest deviation of a person's slot time from the equal share, while all have runs of normal
    priority waiting.
    `overhead` is the share of slot time that waited for claims. `longest_wait_s` is the longest time that a person with
    runs of a priority waiting got no slot for them, by priority. `claim_s` is the processor time of a claim.
    """

    shards: int
    makespan_s: float
    share_error: float
    overhead: float
    longest_wait_s: dict[str, float]
    claim_s: float
    release_s: float


class Clock:
    """Virtual seconds since 1970, in place of those of the database."""

    def __init__(self) -> None:
        self.now = START

    def install(self, store: Store) -> None:
        """Have all further connections of a store on SQLite read this clock."""

        def connect(connection: Any, _record: object) -> None:
            connection.create_function("julianday", 1, lambda _: self.now / _DAY_S + _JULIAN)

        for engine in (store._db.writer, store._db.reader):
            event.listen(engine, "connect", connect)


def jobs(people: int, shards: int, seed: int = 0) -> list[Job]:
    """Return runs of equally many shards for each person: one of high, one of low, the others of normal priority.

    How long shards last is drawn for each person.
    """
    draw = random.Random(seed)
    of_person = shards // people
    parts: Sequence[tuple[float, Priority]] = ((0.02, "high"), (0.08, "low"), (0.3, "normal"), (0.6, "normal"))
    return [
        Job(f"p{person:03}", max(1, round(of_person * part)), seconds, priority)
        for person in range(people)
        for seconds in [SHORTEST_S * (LONGEST_S / SHORTEST_S) ** draw.random()]
        for part, priority in parts
    ]


def simulate(work: Sequence[Job], slots: int) -> Report:
    """Return what becomes of these runs, all submitted at once, with as many workers of one slot each."""
    with _store() as (store, clock):
        seconds, owners, priorities = {}, {}, {}
        for job in work:
            with as_person(Actor(job.owner)):
                spec = PRESETS["digits-tickets"].spec.model_copy(update={"replicates": min(job.n, 100)})
                for first in range(0, job.n, 100):
                    part = spec.model_copy(update={"replicates": min(100, job.n - first)})
                    run = store.create_run(part, name=job.owner, priority=job.priority)
                    seconds[run.id], owners[run.id], priorities[run.id] = job.seconds, job.owner, job.priority
        return _run(store, clock, slots, work, seconds, owners, priorities)


def _run(
    store: Store,
    clock: Clock,
    slots: int,
    work: Sequence[Job],
    seconds: dict[str, float],
    owners: dict[str, str],
    priorities: dict[str, Priority],
) -> Report:
    left: dict[tuple[str, Priority], int] = defaultdict(int)
    for job in work:
        left[job.owner, job.priority] += job.n
    last = dict.fromkeys(left, START)
    longest: dict[str, float] = defaultdict(float)
    spans: list[tuple[str, float, float]] = []
    free = [(START, n) for n in range(slots)]
    held: list[tuple[float, int, Claim]] = []
    server, idle, backlog_until, total = START, 0.0, float("inf"), sum(left.values())
    claim_s = release_s = 0.0
    while free or held:
        if free:
            at, n = free.pop()
            clock.now = server = max(server, at)
            began = time.process_time()
            claim = store.claim("cpu", f"w{n}")
            took = time.process_time() - began
            claim_s += took
            if claim is None:
                free.clear()  # nothing waits any more
                continue
            server += took
            idle += server - at
            owner, priority = owners[claim.run_id], priorities[claim.run_id]
            key = owner, priority
            longest[priority] = max(longest[priority], server - last[key])
            last[key] = server
            left[key] -= 1
            if priority == "normal" and not left[key]:
                backlog_until = min(backlog_until, server)
            ends = server + seconds[claim.run_id]
            spans.append((owner, server, ends))
            heapq.heappush(held, (ends, n, claim))
            continue
        ends, n, claim = heapq.heappop(held)
        clock.now = server = max(server, ends)
        began = time.process_time()
        store.finish(claim.shard_id, claim.token)
        took = time.process_time() - began
        release_s += took
        server += took
        free.append((ends, n))
    end = max(ends for _, _, ends in spans)
    worked = sum(ends - began for _, began, ends in spans)
    return Report(
        total, end - START, _share_error(spans, backlog_until), idle / (idle + worked), dict(longest),
        claim_s / total, release_s / total,
    )  # fmt: skip


def _share_error(spans: Sequence[tuple[str, float, float]], until: float) -> float:
    """Return the largest relative deviation of a person's slot time from the mean of all, up to a moment."""
    had: dict[str, float] = defaultdict(float)
    for owner, began, ends in spans:
        had[owner] += max(0.0, min(ends, until) - began)
    mean = sum(had.values()) / len(had)
    return max(abs(one - mean) / mean for one in had.values())


@contextmanager
def _store() -> Iterator[tuple[Store, Clock]]:
    with TemporaryDirectory(prefix="ticketscope-") as folder:
        url, artifacts = f"sqlite:///{Path(folder) / 'ticketscope.db'}", str(Path(folder) / "artifacts")
        with closing(Store(url, artifacts)) as new:
            new.migrate()
        clock = Clock()
        store = Store(url, artifacts)
        clock.install(store)
        with closing(store):
            yield store, clock
