"""What a child does when the store refuses it something, and what it has made sure of before it says so."""

import os
import time
from pathlib import Path
from typing import cast

import pytest

from app.contract.events import Progress, Started
from app.queue import Queue
from app.records import State
from app.settings import Settings
from app.store import Store
from tests.lab import small_spec
from tests.silent import Silent
from workers import machine
from workers.child import Attempt
from workers.job import Job
from workers.parent import Parent
from workers.supervisor import Supervisor


def test_a_speed_that_cannot_be_kept_ends_no_training(store: Store, settings: Settings) -> None:
    with store._db.write() as connection:
        connection.exec_driver_sql("DROP TABLE speeds")
    run_id = store.create_run(small_spec(), name="x").id
    claim = store.claim("cpu", "a test")
    assert claim is not None
    Supervisor(store, Queue(""), Job(claim, settings, "a test", "cpu"), lambda: False).run()
    run = store.run(run_id)
    assert (run.state, run.error) == ("finished", None)


def test_a_shard_of_another_version_is_handed_back_to_wait_for_one(store: Store, settings: Settings) -> None:
    run_id = store.create_run(small_spec(), name="x").id
    began = store.claim("cpu", "an older worker")
    assert began is not None
    plan = {"device": "cpu", "versions": {**machine.versions(), "torch": "2.12.0"}, "arithmetic": machine.ARITHMETIC}
    store.start(
        began.shard_id,
        began.token,
        Started(replicate=0, attempt=1, worker="an older worker", plan=plan, provenance={}),
    )
    store.release(began.shard_id, began.token)
    claim = store.claim("cpu", "a test")
    assert claim is not None
    Supervisor(store, Queue(""), Job(claim, settings, "a test", "cpu"), lambda: False).run()
    assert store.run(run_id).state == "queued"
    (refusal,) = store.refusals(run_id)
    assert refusal.worker == "a test"
    assert f"torch was '2.12.0' and is '{machine.versions()['torch']}' here" in refusal.reason
    assert "numpy" not in refusal.reason
    assert store.claim("cpu", "a test") is None


def test_of_trainings_half_done_the_newest_checkpoints_are_kept_and_no_others(store: Store, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, checkpoint_s=0.0)
    run_id = store.create_run(small_spec(replicates=1), name="x").id
    claim = store.claim("cpu", "a test")
    assert claim is not None
    Supervisor(store, Queue(""), Job(claim, settings, "a test", "cpu"), lambda: False).run()
    assert store.run(run_id).state == "finished"
    artifacts = tmp_path / "artifacts"
    large = [path for path in artifacts.glob("??/*") if b'"checkpoint":' in path.read_bytes()[:100_000]]
    # Those of the end are small: at most one of a half-done training is still the older of the two.
    assert len(large) <= 1


def test_what_a_checkpoint_rests_on_outlives_a_power_cut(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: set[int] = set()
    fsync, checkpoint, finish = os.fsync, Store.checkpoint, Store.finish

    def syncing(descriptor: int) -> None:
        fsync(descriptor)
        synced.add(os.fstat(descriptor).st_ino)

    rested: list[int] = []

    def resting_on(*hashes: str) -> None:
        saved = [*hashes, *(artifact.id for artifact in store.artifacts(run_id))]
        files = [settings.data_dir / "artifacts" / sha256[:2] / sha256 for sha256 in saved]
        assert all(file.stat().st_ino in synced and file.parent.stat().st_ino in synced for file in files)
        rested.append(len(files))

    def checking(self: Store, shard_id: int, token: str, sha256: str, next_ordinal: int) -> list[str]:
        resting_on(sha256)
        return checkpoint(self, shard_id, token, sha256, next_ordinal)

    def finishing(self: Store, shard_id: int, token: str, progress: Progress | None) -> State:
        resting_on()
        return finish(self, shard_id, token, progress)

    monkeypatch.setattr(os, "fsync", syncing)
    monkeypatch.setattr(Store, "checkpoint", checking)
    monkeypatch.setattr(Store, "finish", finishing)
    run_id = store.create_run(small_spec(), name="x").id
    claim = store.claim("cpu", "a test")
    assert claim is not None
    assert list(Attempt(Job(claim, settings, "a test", "cpu"), cast(Parent, Unhurried())).work()) == []
    assert (store.run(run_id).state, store.run(run_id).error) == ("finished", None)
    assert len(rested) > 3
    assert rested[-1] == len(store.artifacts(run_id)) > 3


def test_a_training_waits_for_no_broker_that_hangs(
    store: Store, settings: Settings, silent: Silent, monkeypatch: pytest.MonkeyPatch
) -> None:
    took: list[float] = []
    wake = Queue.wake

    def waking(self: Queue, run_id: str, seq: int) -> None:
        began = time.monotonic()
        wake(self, run_id, seq)
        took.append(time.monotonic() - began)

    monkeypatch.setattr(Queue, "wake", waking)
    hung = settings.model_copy(update={"broker_url": silent.url})
    run_id = store.create_run(small_spec(), name="x").id
    claim = store.claim("cpu", "a test")
    assert claim is not None
    assert list(Attempt(Job(claim, hung, "a test", "cpu"), cast(Parent, Unhurried())).work()) == []
    assert store.run(run_id).state == "finished"
    assert silent.connections > 0
    assert sum(took) / len(took) < 0.05


class Unhurried:
    """A parent that hears and orders nothing."""

    order = None

    def hear(self, shard_id: int, progress: Progress) -> None:
        pass
