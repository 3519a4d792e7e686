"""Who gets the next free slot: simulated on the real store, with shards of made-up lengths and a clock put forward."""

import heapq
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest
from alembic import command
from sqlalchemy import select, text, update

from app.kinds.lottery.spec import LotterySpec
from app.records import Priority, Queue
from app.store import Claim, Store
from app.store.acting import Actor, as_person
from app.store.database import Database
from app.store.fair_share import SLICE_S
from app.store.migrate import config
from app.store.tables import runs, shards, shares

HOUR = 3600.0


class Slot(NamedTuple):
    """A shard that holds a slot until `ends`; `n` only tells equal ends apart."""

    ends: float
    n: int
    claim: Claim
    name: str


class Lab:
    """`slots` workers of one slot each and a clock that stands still but for `wait`."""

    def __init__(self, store: Store, spec: LotterySpec, database_url: str, slots: int) -> None:
        self.now = 0.0
        self.began: list[tuple[str, float]] = []
        self._store, self._spec, self._free = store, spec, slots
        self._database = Database(database_url)
        self._length: dict[str, tuple[str, float]] = {}
        self._held: list[Slot] = []

    def submit(
        self, name: str, n_shards: int, length_s: float, priority: Priority = "normal", owner: str | None = None
    ) -> None:
        with as_person(None if owner is None else Actor(owner)):
            spec = self._spec.model_copy(update={"replicates": n_shards})
            run = self._store.create_run(spec, name=name, priority=priority)
        self._length[run.id] = name, length_s
        self._fill()

    def run(self, until: float) -> None:
        """Go on to a moment: every shard ends when its time is over, and its slot takes the next."""
        while self._held and self._held[0].ends <= until:
            ended = heapq.heappop(self._held)
            self.wait(ended.ends - self.now)
            self._store.finish(ended.claim.shard_id, ended.claim.token)
            self._free += 1
            self._fill()
        self.wait(until - self.now)

    def wait(self, seconds: float) -> None:
        """Put the clock forward, which is the same as everything having been so much earlier."""
        self.now += seconds
        with self._database.write() as connection:
            of_people = shares.c.low_at, shares.c.normal_at, shares.c.high_at
            for column in (runs.c.created_at, runs.c.due_at, shards.c.claimed_at, shards.c.checkpoint_at, *of_people):
                connection.execute(update(column.table).values({column: column - seconds}))

    def starts(self, name: str) -> list[float]:
        """When each shard of a run began, to a tenth of a second: the real clock goes on under the made-up one."""
        return [round(at, 1) for run, at in self.began if run == name]

    def close(self) -> None:
        self._database.dispose()

    def _fill(self) -> None:
        while self._free and (claim := self._store.claim("cpu", "w")) is not None:
            name, length_s = self._length[claim.run_id]
            heapq.heappush(self._held, Slot(self.now + length_s, len(self.began), claim, name))
            self.began.append((name, self.now))
            self._free -= 1


@pytest.fixture
def lab(store: Store, spec: LotterySpec, database_url: str) -> Iterator[Callable[[int], Lab]]:
    opened: list[Lab] = []

    def open_lab(slots: int) -> Lab:
        opened.append(Lab(store, spec, database_url, slots))
        return opened[-1]

    yield open_lab
    for made in opened:
        made.close()


@pytest.mark.parametrize("slots", [1, 2])
def test_a_short_run_behind_a_long_one_gets_the_next_free_slot(lab: Callable[[int], Lab], slots: int) -> None:
    other_lab = lab(slots)
    other_lab.submit("long", 6, HOUR)
    other_lab.run(until=100.0)
    other_lab.submit("short", 3, 60.0)
    other_lab.run(until=2.1 * HOUR)
    # It waits for the shard that holds the slot, and for no other: its shards follow each other.
    assert other_lab.starts("short") == [HOUR, HOUR + 60, HOUR + 120]


def test_with_more_runs_than_slots_each_gets_a_turn(lab: Callable[[int], Lab]) -> None:
    other_lab = lab(2)
    for number, name in enumerate(("a", "b", "c", "d")):
        # Of unlike length: the real clock goes on under the made-up one, and must not decide between two.
        other_lab.submit(name, 2, 100.0 + 5 * number)
        other_lab.run(until=other_lab.now + 1)
    other_lab.run(until=1000.0)
    assert [name for name, _ in other_lab.began] == ["a", "a", "b", "c", "d", "b", "c", "d"]


def test_runs_of_short_and_of_long_shards_get_the_same_time(lab: Callable[[int], Lab]) -> None:
    other_lab = lab(1)
    other_lab.submit("long", 8, HOUR)
    other_lab.submit("short", 100, 0.1 * HOUR)
    other_lab.run(until=9.99 * HOUR)
    short = 0.1 * HOUR * len(other_lab.starts("short"))
    # What remains of the ten hours is the long run's: equal shares, to within one of its shards.
    assert short == pytest.approx(5 * HOUR, abs=HOUR / 2 + 1)


def test_nobody_waits_for_ever_behind_a_stream_of_newcomers(lab: Callable[[int], Lab]) -> None:
    """Newcomers alone would fill the slot; who came after the run's turn does not go before it."""
    other_lab = lab(1)
    other_lab.submit("long", 3, HOUR)
    for number in range(60):
        other_lab.submit(f"newcomer {number}", 1, 600.0)
        other_lab.run(until=other_lab.now + 600)
    second, third = other_lab.starts("long")[1:]
    # Half an hour is held up, and then the newcomers of the first hour and of the payback are served.
    assert second == pytest.approx(3 * HOUR, abs=600)
    assert third - second <= 4 * HOUR


@pytest.fixture
def held(store: Store, spec: LotterySpec) -> Claim:
    """A shard in the only slot of the only worker, which has just checkpointed; nobody waits."""
    store.register_worker("w", host="h", pid=1, queue="cpu", device="cpu", slots=1, versions={})
    store.create_run(spec.model_copy(update={"replicates": 2}), name="long")
    claim = store.claim("cpu", "w")
    assert claim is not None
    store.worker_seen("w", [claim.run_id])
    return claim


def _pass(database_url: str, seconds: float) -> None:
    database = Database(database_url)
    with database.write() as connection:
        for column in (runs.c.created_at, runs.c.due_at, shards.c.claimed_at):
            connection.execute(update(column.table).values({column: column - seconds}))
    database.dispose()


def _checkpoint(store: Store, claim: Claim) -> None:
    store.checkpoint(claim.shard_id, claim.token, "0" * 64, 0)


def _beat(store: Store, claim: Claim) -> str:
    return store.heartbeat(claim.shard_id, claim.token, None)


def test_a_long_shard_makes_way_at_a_checkpoint_and_comes_back(
    store: Store, spec: LotterySpec, held: Claim, database_url: str
) -> None:
    short = store.create_run(spec.model_copy(update={"replicates": 1}), name="short").id
    _checkpoint(store, held)
    assert _beat(store, held) == "run"
    _pass(database_url, SLICE_S + 1)
    _checkpoint(store, held)
    assert [_beat(store, held), _beat(store, held)] == ["yield", "run"]
    store.release(held.shard_id, held.token)
    first = store.claim("cpu", "w")
    assert first is not None
    assert first.run_id == short
    store.finish(first.shard_id, first.token)
    back = store.claim("cpu", "w")
    assert back is not None
    assert (back.shard_id, [ref.sha256 for ref in back.checkpoints]) == (held.shard_id, ["0" * 64])
    assert store.shards(held.run_id)[0].attempt == 2
    (said,) = [each for event in store.events(held.run_id) if "paused" in (each := event.event.get("detail", ""))]
    assert said == "replicate 0 is paused for another run"


def test_it_keeps_its_slot_without_a_fresh_checkpoint(
    store: Store, spec: LotterySpec, held: Claim, database_url: str
) -> None:
    store.create_run(spec, name="short")
    _pass(database_url, SLICE_S + 1)
    assert _beat(store, held) == "run"


def test_it_keeps_its_slot_while_nobody_else_waits_for_it(
    store: Store, spec: LotterySpec, held: Claim, database_url: str
) -> None:
    store.create_run(spec.model_copy(update={"device": "gpu"}), name="cannot run here")
    store.bin_run(store.create_run(spec, name="binned").id)
    _pass(database_url, SLICE_S + 1)
    _checkpoint(store, held)
    assert _beat(store, held) == "run"


def test_it_keeps_its_slot_while_another_is_free(
    store: Store, spec: LotterySpec, held: Claim, database_url: str
) -> None:
    store.create_run(spec, name="short")
    store.register_worker("idle", host="h", pid=2, queue="cpu", device="cpu", slots=1, versions={})
    _pass(database_url, SLICE_S + 1)
    _checkpoint(store, held)
    assert _beat(store, held) == "run"
    store.forget_worker("idle")
    assert _beat(store, held) == "yield"


@pytest.mark.parametrize(("device", "queues"), [("any", ("cpu", "gpu")), ("cpu", ("cpu",)), ("gpu", ("gpu",))])
def test_a_run_goes_to_the_workers_it_names(
    store: Store, spec: LotterySpec, device: str, queues: tuple[Queue, ...]
) -> None:
    store.create_run(spec.model_copy(update={"device": device, "replicates": 2}), name=device)
    taken = {queue for queue in ("cpu", "gpu") if store.claim(queue, f"{queue} worker") is not None}
    assert taken == set(queues)


def test_a_run_of_before_is_due_when_it_was(new_url: str) -> None:
    database = Database(new_url)
    if database.is_sqlite:
        with database.writer.connect() as connection:
            connection.connection.cursor().execute("PRAGMA journal_mode = WAL")
    row = {
        "id": "r0", "name": "r", "kind": "lottery", "model": "m", "dataset": "d", "spec": "{}", "work": 0,
        "state": "queued", "tags": "[]", "notes": "", "search": "", "provenance": "{}", "created_at": 1.0,
        "last_seq": 0, "turn_at": 8.5,
    }  # fmt: skip
    with database.write() as connection:
        command.upgrade(config(connection), "0012")
        values = ", ".join(f":{name}" for name in row)
        connection.execute(text(f"INSERT INTO runs ({', '.join(row)}) VALUES ({values})"), row)
        command.upgrade(config(connection), "head")
        assert connection.execute(select(runs.c.due_at)).scalars().all() == [8.5]
    database.dispose()
