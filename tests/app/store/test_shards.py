"""A shard in the hands of a worker: fenced, leased, checkpointed, tried three times."""

import time
from collections.abc import Callable

import pytest

from app.contract.events import Measured, Progress, Started
from app.kinds.lottery.spec import LotteryKey, LotterySpec
from app.store import CheckpointRef, Claim, Fenced, OrdinalGap, Store

ROW = Measured(series="outcome", key=LotteryKey(), columns={"steps": [1.0]})


def _started(claim: Claim, plan: dict[str, object]) -> Started:
    provenance = {"layers": [{"name": "fc1", "shape": [300, 64]}]}
    return Started(replicate=claim.replicate, attempt=claim.attempt, worker="w", plan=plan, provenance=provenance)


def _again(store: Store) -> Claim:
    claim = store.claim("cpu", "w2")
    assert claim is not None
    return claim


def test_only_the_holder_of_the_token_may_do_anything(store: Store, claim: Claim) -> None:
    for call in (
        lambda shard, token: store.heartbeat(shard, token, None),
        lambda shard, token: store.start(shard, token, _started(claim, {})),
        lambda shard, token: store.append(shard, token, [ROW], 0),
        lambda shard, token: store.checkpoint(shard, token, "0" * 64, 0),
        store.finish,
        lambda shard, token: store.fail(shard, token, "x", ""),
        lambda shard, token: store.release_with_plan(shard, token, {"replicates": 1}, "x"),
        store.cancelled,
        store.release,
        lambda shard, token: store.refuse(shard, token, "x"),
    ):
        with pytest.raises(Fenced):
            call(claim.shard_id, "another token")
        with pytest.raises(Fenced):
            call(-1, claim.token)
    assert store.shards(claim.run_id)[0].state == "running"
    assert len(store.events(claim.run_id)) == 1


def test_a_token_ends_with_its_claim(store: Store, claim: Claim) -> None:
    store.release(claim.shard_id, claim.token)
    again = _again(store)
    assert (again.shard_id, again.attempt) == (claim.shard_id, 2)
    with pytest.raises(Fenced):
        store.append(claim.shard_id, claim.token, [ROW], 0)
    store.append(again.shard_id, again.token, [ROW], 0)


def test_the_plan_is_frozen_by_the_first_attempt(store: Store, claim: Claim) -> None:
    assert store.start(claim.shard_id, claim.token, _started(claim, {"threads": 1})) == {"threads": 1}
    store.release(claim.shard_id, claim.token)
    again = _again(store)
    assert again.plan == {"threads": 1}
    assert store.start(again.shard_id, again.token, _started(again, {"threads": 2})) == {"threads": 1}
    starts = [event.event for event in store.events(claim.run_id) if event.event["kind"] == "started"]
    assert [(start["attempt"], start["plan"]) for start in starts] == [(1, {"threads": 1}), (2, {"threads": 1})]
    assert store.run(claim.run_id).provenance == {"layers": [{"name": "fc1", "shape": [300, 64]}]}


def test_a_smaller_plan_is_logged_kept_and_no_try(store: Store, claim: Claim) -> None:
    store.start(claim.shard_id, claim.token, _started(claim, {"threads": 1, "replicates": 8}))
    for half in (4, 2, 1, 1, 1):
        store.release_with_plan(claim.shard_id, claim.token, {"replicates": half}, "too large")
        assert store.shards(claim.run_id)[0].state == "queued"
        claim = _again(store)
        assert claim.plan == {"threads": 1, "replicates": half}
    failed = [event.event for event in store.events(claim.run_id) if event.event["kind"] == "failed"]
    assert [(event["attempt"], event["reason"], event["final"]) for event in failed[:2]] == [
        (1, "too large", False),
        (2, "too large", False),
    ]


def test_a_shard_released_with_a_plan_that_is_being_cancelled_is_cancelled(store: Store, claim: Claim) -> None:
    store.start(claim.shard_id, claim.token, _started(claim, {"replicates": 8}))
    store.cancel_run(claim.run_id)
    store.release_with_plan(claim.shard_id, claim.token, {"replicates": 4}, "too large")
    assert store.shards(claim.run_id)[0].state == "cancelled"


def test_progress_is_overwritten_and_summed(store: Store, claim: Claim) -> None:
    for done in (10, 30):
        progress = Progress(done=done, total=300, key=LotteryKey(level=1, control="reinit"), step=5)
        assert store.heartbeat(claim.shard_id, claim.token, progress) == "run"
    assert store.heartbeat(claim.shard_id, claim.token, None) == "run"
    shard = store.shards(claim.run_id)[0]
    assert (shard.done, shard.total, shard.note) == (30, 300, "level 1, reinit")
    read = store.run(claim.run_id).progress
    assert (read.done, read.total, read.note) == (30, 600, "level 1, reinit")
    assert len(store.events(claim.run_id)) == 1


def test_time_left_is_known_after_two_looks(store: Store, claim: Claim) -> None:
    store.heartbeat(claim.shard_id, claim.token, Progress(done=0, total=300))
    assert store.run(claim.run_id).progress.eta_s is None
    time.sleep(1.05)
    store.heartbeat(claim.shard_id, claim.token, Progress(done=100, total=300))
    eta_s = store.run(claim.run_id).progress.eta_s
    assert eta_s is not None
    # About 95 steps a second: 200 left here, then 300 of the queued replicate behind it.
    assert 5.0 < eta_s < 7.0
    store.release(claim.shard_id, claim.token)
    assert store.run(claim.run_id).progress.eta_s is None


def test_an_expired_lease_is_taken_back_and_its_worker_fenced(
    open_store: Callable[..., Store], spec: LotterySpec
) -> None:
    store = open_store(lease_s=0.3)
    run = store.create_run(spec.model_copy(update={"replicates": 1}), name="x")
    claim = store.claim("cpu", "w1")
    assert claim is not None
    assert store.reap() == set()
    assert store.shards(run.id)[0].state == "running"
    time.sleep(0.35)
    assert store.reap() == {"cpu", "gpu"}
    assert store.run(run.id).state == "queued"
    with pytest.raises(Fenced):
        store.heartbeat(claim.shard_id, claim.token, None)
    failed = store.events(run.id)[-1].event
    assert (failed["kind"], failed["reason"], failed["final"]) == ("failed", "worker w1 stopped answering", False)


def test_heartbeats_keep_a_lease(open_store: Callable[..., Store], spec: LotterySpec) -> None:
    store = open_store(lease_s=0.4)
    store.create_run(spec, name="x")
    claim = store.claim("cpu", "w1")
    assert claim is not None
    for _ in range(6):
        time.sleep(0.1)
        store.heartbeat(claim.shard_id, claim.token, None)
        store.reap()
    assert store.shards(claim.run_id)[0].state == "running"


def test_a_lost_worker_costs_a_try_and_the_third_one_the_shard(
    open_store: Callable[..., Store], spec: LotterySpec
) -> None:
    store = open_store(lease_s=0.0)
    run = store.create_run(spec.model_copy(update={"replicates": 1}), name="x")
    for _ in range(3):
        assert store.claim("cpu", "w1") is not None
        time.sleep(0.01)
        store.reap()
    assert store.claim("cpu", "w1") is None
    read = store.run(run.id)
    assert (read.state, read.error) == ("failed", "replicate 0: worker w1 stopped answering")


def test_three_tries_without_a_checkpoint_fail_the_shard_with_its_traceback(store: Store, spec: LotterySpec) -> None:
    run = store.create_run(spec.model_copy(update={"replicates": 1}), name="x")
    states = []
    for i in range(3):
        claim = _again(store)
        states.append(store.fail(claim.shard_id, claim.token, f"ValueError: {i}", "" if i == 2 else f"Traceback {i}"))
    assert states == ["queued", "queued", "failed"]
    read = store.run(run.id)
    assert read.error == "replicate 0: ValueError: 2\nTraceback 1"
    assert read.finished_at is not None
    assert store.shards(run.id)[0].error == "ValueError: 2\nTraceback 1"
    kinds = [(event.event["kind"], event.event.get("final")) for event in store.events(run.id)[1:]]
    assert kinds == [("failed", False), ("failed", False), ("failed", True), ("changed", None)]


def test_a_checkpoint_gives_the_tries_back(store: Store, spec: LotterySpec) -> None:
    store.create_run(spec.model_copy(update={"replicates": 1}), name="x")
    for i in range(4):
        claim = _again(store)
        if i == 2:
            store.checkpoint(claim.shard_id, claim.token, "a" * 64, 0)
        assert store.fail(claim.shard_id, claim.token, "killed", "") == "queued"


def test_a_final_failure_needs_no_three_tries(store: Store, claim: Claim) -> None:
    reason = "OSError: no space left"
    assert store.fail(claim.shard_id, claim.token, reason, "a NUL \0 in it", final=True) == "failed"
    run = store.run(claim.run_id)
    assert (run.state, run.error) == ("queued", None)  # the other replicate still waits
    shard = store.shards(claim.run_id)[0]
    assert shard.error is not None
    assert shard.error.startswith(reason)


def test_giving_back_is_no_try(store: Store, claim: Claim) -> None:
    for attempt in range(2, 7):
        store.release(claim.shard_id, claim.token)
        claim = _again(store)
        assert claim.attempt == attempt


def test_the_two_newest_checkpoints_are_kept(store: Store, claim: Claim) -> None:
    store.append(claim.shard_id, claim.token, [ROW, ROW, ROW], 0)
    for i in range(4):
        store.checkpoint(claim.shard_id, claim.token, str(i) * 64, i)
    store.checkpoint(claim.shard_id, claim.token, "3" * 64, 3)
    store.release(claim.shard_id, claim.token)
    assert _again(store).checkpoints == [CheckpointRef("3" * 64, 3), CheckpointRef("2" * 64, 2)]


def test_a_checkpoint_may_not_run_ahead_of_its_rows(store: Store, claim: Claim) -> None:
    with pytest.raises(OrdinalGap):
        store.checkpoint(claim.shard_id, claim.token, "a" * 64, 1)


def test_a_run_finishes_with_its_last_shard(store: Store, claim: Claim) -> None:
    assert store.finish(claim.shard_id, claim.token) == "finished"
    assert store.run(claim.run_id).state == "queued"
    last = _again(store)
    assert store.finish(last.shard_id, last.token) == "finished"
    run = store.run(claim.run_id)
    assert (run.state, run.progress.done, run.workers) == ("finished", run.progress.total, ())
    assert run.finished_at is not None
    kinds = [event.event["kind"] for event in store.events(run.id)]
    assert kinds == ["changed", "finished", "finished", "changed"]
    with pytest.raises(Fenced):
        store.finish(last.shard_id, last.token)
