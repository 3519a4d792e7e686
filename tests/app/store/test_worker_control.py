"""What admins ask of workers: real claims and heartbeats."""

from datetime import UTC, datetime

import pytest
from alembic import command
from sqlalchemy import inspect

from app.contract.experiment import FieldError
from app.kinds.lottery.spec import LotterySpec
from app.store import Claim, Conflict, Fenced, NotFound, Store
from app.store.database import Database
from app.store.migrate import config

HASH = "0" * 64


def work(store: Store, worker: str = "w1") -> None:
    store.register_worker(worker, host="h", pid=1, queue="cpu", device="cpu", slots=1, versions={})


def beat(store: Store, claim: Claim) -> str:
    return store.heartbeat(claim.shard_id, claim.token, None)


def test_a_paused_worker_takes_nothing_and_keeps_what_it_has(store: Store, spec: LotterySpec) -> None:
    for worker in ("w1", "w2"):
        work(store, worker)
    store.create_run(spec, name="a run")
    held = store.claim("cpu", "w1")
    assert held is not None
    store.steer_worker("w1", "paused")
    assert store.claim("cpu", "w1") is None
    store.checkpoint(held.shard_id, held.token, HASH, 0)
    assert beat(store, held) == "run"
    shown = {worker.id: (worker.mode, bool(worker.trouble)) for worker in store.workers()}
    assert shown == {"w1": ("paused", True), "w2": ("working", False)}
    assert store.claim("cpu", "w2") is not None
    store.steer_worker("w1", "working")
    store.create_run(spec, name="another")
    assert store.claim("cpu", "w1") is not None


def test_a_drained_worker_hands_over_at_a_checkpoint(store: Store, spec: LotterySpec) -> None:
    for worker in ("w1", "w2"):
        work(store, worker)
    run = store.create_run(spec.model_copy(update={"replicates": 1}), name="a run")
    held = store.claim("cpu", "w1")
    assert held is not None
    store.steer_worker("w1", "draining")
    assert beat(store, held) == "run"
    store.checkpoint(held.shard_id, held.token, HASH, 0)
    assert [beat(store, held), beat(store, held)] == ["yield", "run"]
    store.release(held.shard_id, held.token)
    assert store.claim("cpu", "w1") is None
    again = store.claim("cpu", "w2")
    assert again is not None
    assert (again.shard_id, [ref.sha256 for ref in again.checkpoints]) == (held.shard_id, [HASH])
    details = [event.event.get("detail") for event in store.events(run.id)]
    assert "replicate 0 is handed over: worker w1 is drained" in details


def test_a_worker_that_registers_again_stays_paused(store: Store) -> None:
    work(store)
    store.steer_worker("w1", "paused")
    work(store)
    assert store.workers()[0].mode == "paused"
    with pytest.raises(NotFound):
        store.steer_worker("nobody", "paused")


def test_a_run_is_taken_back_with_its_checkpoints(store: Store, claim: Claim) -> None:
    store.checkpoint(claim.shard_id, claim.token, HASH, 0)
    with pytest.raises(Conflict):
        store.move_run(claim.run_id, worker="w2")
    store.move_run(claim.run_id, worker="w1")
    with pytest.raises(Fenced):
        beat(store, claim)
    again = store.claim("cpu", "w2")
    assert again is not None
    assert (again.shard_id, again.attempt, [ref.sha256 for ref in again.checkpoints]) == (claim.shard_id, 2, [HASH])
    with pytest.raises(NotFound):
        store.move_run("nothing")


def test_a_run_for_any_worker_can_be_given_to_one_kind(store: Store, spec: LotterySpec) -> None:
    run = store.create_run(spec.model_copy(update={"device": "any"}), name="any")
    store.move_run(run.id, queue="gpu")
    assert store.claim("cpu", "w1") is None
    store.move_run(run.id, queue="any")
    assert store.claim("cpu", "w1") is not None


def test_a_run_stays_where_its_numbers_are_from(store: Store, spec: LotterySpec) -> None:
    run = store.create_run(spec.model_copy(update={"device": "cpu"}), name="cpu")
    with pytest.raises(Conflict, match="its spec asks for a cpu worker"):
        store.move_run(run.id, queue="gpu")


def test_a_message_is_shown_until_it_is_removed(store: Store) -> None:
    assert store.maintenance() is None
    at = datetime(2026, 12, 24, 18, tzinfo=UTC)
    store.put_maintenance("old")
    store.put_maintenance("gpu-1 gets new disks", at)
    shown = store.maintenance()
    assert shown is not None
    assert (shown.text, shown.begins_at) == ("gpu-1 gets new disks", at)
    with pytest.raises(FieldError):
        store.put_maintenance("x" * 501)
    store.put_maintenance("")
    assert store.maintenance() is None


def test_a_database_of_before_gets_and_loses_them(new_url: str) -> None:
    database = Database(new_url)
    if database.is_sqlite:
        with database.writer.connect() as connection:
            connection.connection.cursor().execute("PRAGMA journal_mode = WAL")
    with database.write() as connection:
        command.upgrade(config(connection), "head")
        assert "mode" in {column["name"] for column in inspect(connection).get_columns("workers")}
        command.downgrade(config(connection), "0023")
        assert "mode" not in {column["name"] for column in inspect(connection).get_columns("workers")}
        assert not inspect(connection).has_table("maintenance")
    database.dispose()
