"""A worker in this process, whose store or broker fails it."""

import pytest
from sqlalchemy.exc import OperationalError

from app.queue import Queue
from app.settings import Settings
from app.store import Store, fair_share
from tests.lab import results, small_spec
from workers import disk
from workers.worker import Worker


def test_a_long_shard_makes_way_for_a_run_that_comes_later_and_computes_the_same(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if every shard had held its slot for long, and every checkpoint were fresh.
    monkeypatch.setattr(fair_share, "SLICE_S", 0.0)
    monkeypatch.setattr(fair_share, "FRESH_S", 60.0)
    long, short = small_spec(steps=300, levels=4), small_spec(steps=20, levels=1)
    long_id, short_id = (store.create_run(spec, name="x").id for spec in (long, short))
    worker = Worker(settings, "cpu", 1)
    store.register_worker(worker.id, host="h", pid=1, queue="cpu", device="cpu", slots=1, versions={})
    store.worker_seen(worker.id, [long_id])
    worker.serve()
    made_way, went_first = store.run(long_id), store.run(short_id)
    assert (made_way.state, went_first.state) == ("finished", "finished")
    assert made_way.finished_at is not None
    assert went_first.finished_at is not None
    assert went_first.finished_at < made_way.finished_at
    assert store.shards(long_id)[0].attempt > 1
    alone_id = store.create_run(long, name="alone").id
    worker.serve()
    assert store.shards(alone_id)[0].attempt == 1
    assert results(store, long_id) == results(store, alone_id)


def test_a_worker_without_room_takes_nothing_and_goes_on_when_there_is(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = store.create_run(small_spec(steps=20, levels=1), name="x").id
    worker = Worker(settings, "cpu", 1)
    with monkeypatch.context() as full:
        full.setattr(disk, "LEAST_FREE_BYTES", 10**18)
        worker.serve()
        assert store.run(run_id).state == "queued"
    worker.serve()
    assert store.run(run_id).state == "finished"


@pytest.mark.parametrize(
    ("owner", "method", "error"),
    [
        (Store, "queue_length", OperationalError("SELECT", {}, OSError("the database restarts"))),
        (Queue, "announce", ValueError("of a library that nobody here knows")),
    ],
)
def test_a_claimed_shard_is_done_though_more_work_cannot_be_announced(
    store: Store,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    owner: type,
    method: str,
    error: Exception,
) -> None:
    def fail(*_: object) -> None:
        raise error

    run_id = store.create_run(small_spec(steps=20, levels=1, replicates=2), name="x").id
    monkeypatch.setattr(owner, method, fail)
    Worker(settings, "cpu", 1).serve()
    assert store.run(run_id).state == "finished"
    assert "more work could not be announced" in caplog.text
