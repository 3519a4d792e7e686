"""Who works, by the database's clock; and which queues have work that somebody would take."""

from typing import Any

from sqlalchemy import update

from app.kinds.lottery.spec import LotterySpec
from app.records import Queue, WorkerLoad
from app.store import Store
from app.store.database import Database
from app.store.sql import Now
from app.store.tables import workers


def _register(store: Store, worker_id: str, queue: Queue = "cpu") -> None:
    store.register_worker(worker_id, host="h", pid=7, queue=queue, device="cpu", slots=2, versions={"torch": "2.13.0"})


def _unseen_for(database_url: str, worker_id: str, seconds: float) -> None:
    database = Database(database_url)
    with database.write() as connection:
        at: Any = Now() - seconds
        connection.execute(update(workers).where(workers.c.id == worker_id).values(seen_at=at))
    database.dispose()


def test_a_worker_is_known_from_its_start_to_its_end(store: Store) -> None:
    _register(store, "w1")
    (worker,) = store.workers()
    assert (worker.id, worker.host, worker.pid, worker.queue, worker.slots) == ("w1", "h", 7, "cpu", 2)
    assert (worker.alive, worker.busy, worker.versions) == (True, (), {"torch": "2.13.0"})
    assert store.worker_seen("w1", ["a", "b"])
    (seen,) = store.workers()
    assert seen.busy == ("a", "b")
    assert seen.seen_at >= worker.seen_at
    assert seen.started_at == worker.started_at
    store.forget_worker("w1")
    assert store.workers() == []
    assert not store.worker_seen("w1", [])


def test_a_worker_tells_its_load_and_its_trouble(store: Store) -> None:
    _register(store, "w1")
    assert (store.workers()[0].load, store.workers()[0].trouble) == (None, "")
    load = WorkerLoad(
        cpu_cores=1.5,
        memory_bytes=2**33,
        machine_cpu_share=0.25,
        machine_cores=8,
        machine_memory_bytes=2**34,
        machine_memory_total_bytes=2**36,
        disk_free_bytes=10**12,
        gpu_share=0.5,
    )
    store.worker_seen("w1", [], load, "the disk is nearly full")
    assert (store.workers()[0].load, store.workers()[0].trouble) == (load, "the disk is nearly full")
    store.worker_seen("w1", [])
    assert (store.workers()[0].load, store.workers()[0].trouble) == (None, "")


def test_a_worker_not_seen_for_fifteen_seconds_is_not_alive(store: Store, database_url: str) -> None:
    for worker_id, seconds in (("w1", 16.0), ("w2", 14.0)):
        _register(store, worker_id)
        _unseen_for(database_url, worker_id, seconds)
    assert [(worker.id, worker.alive) for worker in store.workers()] == [("w1", False), ("w2", True)]


def test_a_worker_that_comes_back_replaces_itself_and_drops_the_long_gone(store: Store, database_url: str) -> None:
    _register(store, "old")
    _unseen_for(database_url, "old", 25 * 3600.0)
    _register(store, "w1")
    _register(store, "w1", "gpu")
    assert [(worker.id, worker.queue) for worker in store.workers()] == [("w1", "gpu")]


def test_the_reaper_names_queues_with_work_that_somebody_listens_to(store: Store, spec: LotterySpec) -> None:
    assert store.reap() == set()
    store.create_run(spec, name="x")
    assert store.reap() == {"cpu", "gpu"}
    _register(store, "w1")
    assert store.reap() == {"cpu"}
    _register(store, "w2", "gpu")
    assert store.reap() == {"cpu", "gpu"}
    store.create_run(spec.model_copy(update={"device": "gpu"}), name="y")
    store.forget_worker("w2")
    for _ in range(2):
        store.claim("cpu", "w1")
    assert store.reap() == set()


def test_what_workers_hold_of_some_runs(store: Store, spec: LotterySpec) -> None:
    one, idle = (store.create_run(spec, name=name) for name in ("one", "idle"))
    first, second = (store.claim("cpu", worker) for worker in ("w1", "w2"))
    assert first is not None
    assert second is not None
    claims = {claim.run_id: claim for claim in (first, second)}
    assert set(claims) == {one.id, idle.id}
    store.release(claims[idle.id].shard_id, claims[idle.id].token)
    worker = "w1" if first.run_id == one.id else "w2"
    held = store.held([one.id, idle.id, "unknown"])
    assert sorted((item.run, item.name, item.worker, item.replicate) for item in held if item.worker) == [
        (one.id, "one", worker, claims[one.id].replicate)
    ]
    assert [item.name for item in held if item.worker is None] == ["idle"]
    assert store.held([]) == []
