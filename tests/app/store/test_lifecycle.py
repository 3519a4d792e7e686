"""Cancel, resume, extend, bin, restore and purge, in every state."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from app.contract.events import Measured
from app.contract.experiment import FieldError
from app.kinds.lottery.spec import LotteryKey, LotterySpec
from app.records import State
from app.store import Claim, Conflict, Fenced, NotFound, Store


def _claim(store: Store) -> Claim:
    claim = store.claim("cpu", "w")
    assert claim is not None
    return claim


def _more(spec: LotterySpec, **changes: Any) -> LotterySpec:
    return LotterySpec(**{**dict(spec), **changes})


def _states(store: Store, run_id: str) -> list[State]:
    return [shard.state for shard in store.shards(run_id)]


def _finished(store: Store, spec: LotterySpec) -> str:
    run_id = store.create_run(spec, name="x").id
    for _ in range(spec.replicates):
        claim = _claim(store)
        store.finish(claim.shard_id, claim.token)
    return run_id


# --- cancel ---


def test_a_queued_run_is_cancelled_at_once(store: Store, spec: LotterySpec) -> None:
    run = store.cancel_run(store.create_run(spec, name="x").id)
    assert run.state == "cancelled"
    assert run.finished_at is not None
    assert [event.event["state"] for event in store.events(run.id)] == ["queued", "cancelled"]


def test_a_running_run_is_cancelled_when_its_worker_has_stopped(store: Store, claim: Claim) -> None:
    assert store.cancel_run(claim.run_id).state == "cancelling"
    assert store.cancel_run(claim.run_id).state == "cancelling"
    assert _states(store, claim.run_id) == ["cancelling", "cancelled"]
    assert store.heartbeat(claim.shard_id, claim.token, None) == "cancel"
    store.append(claim.shard_id, claim.token, [Measured(series="outcome", key=LotteryKey(), columns={"x": [1.0]})], 0)
    store.cancelled(claim.shard_id, claim.token)
    assert store.run(claim.run_id).state == "cancelled"
    assert store.cancel_run(claim.run_id).state == "cancelled"
    states = [event.event["state"] for event in store.events(claim.run_id) if event.event["kind"] == "changed"]
    assert states == ["queued", "cancelling", "cancelled"]
    with pytest.raises(Fenced):
        store.heartbeat(claim.shard_id, claim.token, None)


@pytest.mark.parametrize("end", ["fail", "release"])
def test_a_cancelling_shard_is_never_queued_again(store: Store, claim: Claim, end: str) -> None:
    store.cancel_run(claim.run_id)
    if end == "fail":
        assert store.fail(claim.shard_id, claim.token, "killed", "") == "cancelled"
    else:
        store.release(claim.shard_id, claim.token)
    assert store.run(claim.run_id).state == "cancelled"


def test_a_lost_worker_of_a_cancelling_run_leaves_it_cancelled(
    open_store: Callable[..., Store], spec: LotterySpec
) -> None:
    store = open_store(lease_s=0.0)
    run = store.create_run(spec, name="x")
    _claim(store)
    store.cancel_run(run.id)
    time.sleep(0.01)
    assert store.reap() == set()
    assert store.run(run.id).state == "cancelled"


def test_a_shard_that_ends_before_it_hears_of_the_cancel_is_finished(store: Store, spec: LotterySpec) -> None:
    run = store.create_run(_more(spec, replicates=1), name="x")
    claim = _claim(store)
    store.cancel_run(run.id)
    assert store.finish(claim.shard_id, claim.token) == "finished"
    assert store.run(run.id).state == "finished"


def test_what_has_ended_cannot_be_cancelled(store: Store, spec: LotterySpec) -> None:
    with pytest.raises(Conflict, match="nothing to cancel"):
        store.cancel_run(_finished(store, spec))


# --- resume ---


def test_resume_queues_cancelled_and_failed_shards_with_all_their_tries(store: Store, spec: LotterySpec) -> None:
    run = store.create_run(_more(spec, replicates=3), name="x")
    done, failed = _claim(store), _claim(store)
    store.finish(done.shard_id, done.token)
    store.fail(failed.shard_id, failed.token, "disk full", "", final=True)
    store.cancel_run(run.id)
    assert store.run(run.id).error == "replicate 1: disk full"
    resumed = store.resume_run(run.id)
    assert (resumed.state, resumed.error, resumed.finished_at) == ("queued", None, None)
    assert _states(store, run.id) == ["finished", "queued", "queued"]
    for _ in range(2):
        again = _claim(store)
        assert (again.replicate, store.fail(again.shard_id, again.token, "x", "")) == (1, "queued")


def test_resume_goes_on_where_it_was(store: Store, claim: Claim) -> None:
    store.append(claim.shard_id, claim.token, [Measured(series="outcome", key=LotteryKey(), columns={"x": [1.0]})], 0)
    store.checkpoint(claim.shard_id, claim.token, "a" * 64, 1)
    store.cancel_run(claim.run_id)
    store.cancelled(claim.shard_id, claim.token)
    store.resume_run(claim.run_id)
    again = _claim(store)
    assert (again.shard_id, again.next_ordinal, again.checkpoints[0].next_ordinal) == (claim.shard_id, 1, 1)


def test_resume_says_why_not(store: Store, spec: LotterySpec, claim: Claim) -> None:
    with pytest.raises(Conflict, match="nothing to resume"):
        store.resume_run(claim.run_id)
    store.cancel_run(claim.run_id)
    with pytest.raises(Conflict, match="still stopping"):
        store.resume_run(claim.run_id)
    with pytest.raises(Conflict, match="extend or clone"):
        store.resume_run(_finished(store, spec))


# --- extend ---


def test_more_replicates_leave_finished_ones_alone(store: Store, spec: LotterySpec) -> None:
    run_id = _finished(store, spec)
    run = store.extend_run(run_id, _more(spec, replicates=4))
    assert (run.state, run.spec.replicates, run.finished_at) == ("queued", 4, None)
    assert _states(store, run_id) == ["finished", "finished", "queued", "queued"]
    assert (run.progress.done, run.progress.total) == (600, 1200)
    assert _claim(store).replicate == 2


def test_more_levels_queue_finished_shards_again_from_their_checkpoint(store: Store, spec: LotterySpec) -> None:
    one = _more(spec, replicates=1)
    run_id = store.create_run(one, name="x").id
    claim = _claim(store)
    store.checkpoint(claim.shard_id, claim.token, "a" * 64, 0)
    store.finish(claim.shard_id, claim.token)
    run = store.extend_run(run_id, _more(one, levels=5))
    assert (run.state, run.progress.done, run.progress.total) == ("queued", 300, 600)
    again = _claim(store)
    assert isinstance(again.spec, LotterySpec)
    assert (again.spec.levels, again.checkpoints[0].sha256) == (5, "a" * 64)
    assert store.finish(again.shard_id, again.token) == "finished"
    assert store.run(run_id).state == "finished"


def test_a_shard_that_runs_while_its_run_is_extended_is_queued_again_at_its_end(
    store: Store, spec: LotterySpec
) -> None:
    one = _more(spec, replicates=1)
    run_id = store.create_run(one, name="x").id
    claim = _claim(store)
    assert store.extend_run(run_id, _more(one, branches=[{"kind": "reinit"}])).state == "running"
    assert store.heartbeat(claim.shard_id, claim.token, None) == "run"
    assert store.finish(claim.shard_id, claim.token) == "queued"
    assert store.run(run_id).state == "queued"
    again = _claim(store)
    assert isinstance(again.spec, LotterySpec)
    assert [branch.kind for branch in again.spec.branches] == ["reinit"]
    assert store.finish(again.shard_id, again.token) == "finished"


def test_more_replicates_do_not_disturb_a_running_shard(store: Store, claim: Claim, spec: LotterySpec) -> None:
    assert store.extend_run(claim.run_id, _more(spec, replicates=3)).state == "running"
    assert _states(store, claim.run_id) == ["running", "queued", "queued"]
    assert store.finish(claim.shard_id, claim.token) == "finished"


def test_extending_a_cancelled_run_resumes_it(store: Store, spec: LotterySpec) -> None:
    run = store.cancel_run(store.create_run(spec, name="x").id)
    assert store.extend_run(run.id, _more(spec, replicates=3)).state == "queued"
    assert _states(store, run.id) == ["queued"] * 3


@pytest.mark.parametrize(
    ("field", "change"), [("seed", {"seed": 7}), ("levels", {"levels": 1}), ("replicates", {"replicates": 1})]
)
def test_an_extension_only_adds(store: Store, spec: LotterySpec, field: str, change: dict[str, int]) -> None:
    run = store.create_run(spec, name="x")
    with pytest.raises(FieldError) as caught:
        store.extend_run(run.id, _more(spec, **change))
    assert caught.value.field == field
    assert store.run(run.id) == run


def test_an_extension_by_nothing_is_refused(store: Store, spec: LotterySpec) -> None:
    run = store.create_run(spec, name="x")
    with pytest.raises(Conflict, match="increase its"):
        store.extend_run(run.id, spec)


# --- the bin ---


def test_a_binned_run_leaves_the_list_and_comes_back(store: Store, spec: LotterySpec) -> None:
    run_id = _finished(store, spec)
    binned = store.bin_run(run_id)
    assert binned.deleted_at is not None
    assert (store.runs().items, store.runs(binned=True).items) == ((), (binned,))
    assert (store.last_seqs(), store.last_seqs([run_id])) == ({}, {run_id: binned.last_seq})
    assert store.bin_run(run_id) == binned
    for change in (store.resume_run, lambda run_id: store.extend_run(run_id, _more(spec, levels=3))):
        with pytest.raises(Conflict, match="restore it first"):
            change(run_id)
    restored = store.restore_run(run_id)
    assert (restored.deleted_at, restored.state) == (None, "finished")
    assert store.runs().items == (restored,)


def test_binning_a_live_run_cancels_it(store: Store, claim: Claim) -> None:
    assert store.bin_run(claim.run_id).state == "cancelling"
    assert store.heartbeat(claim.shard_id, claim.token, None) == "cancel"
    with pytest.raises(Conflict, match="still stopping"):
        store.purge_run(claim.run_id)
    assert store.empty_bin() == 0
    store.cancelled(claim.shard_id, claim.token)
    assert store.empty_bin() == 1
    with pytest.raises(NotFound):
        store.run(claim.run_id)


def test_purging_deletes_everything_and_only_from_the_bin(store: Store, spec: LotterySpec, claim: Claim) -> None:
    store.append(claim.shard_id, claim.token, [Measured(series="outcome", key=LotteryKey(), columns={"x": [1.0]})], 0)
    store.fail(claim.shard_id, claim.token, "x", "", final=True)
    store.cancel_run(claim.run_id)
    kept = store.create_run(spec, name="kept").id
    with pytest.raises(Conflict, match="move it there first"):
        store.purge_run(claim.run_id)
    store.bin_run(claim.run_id)
    store.purge_run(claim.run_id)
    for read in (store.run, store.events, lambda run_id: store.series(run_id, "outcome")):
        with pytest.raises(NotFound):
            read(claim.run_id)
    assert [run.id for run in store.runs().items] == [kept]
    with pytest.raises(Fenced):
        store.heartbeat(claim.shard_id, claim.token, None)
