"""Claims: fair between runs, and never two on one shard."""

import threading
from collections.abc import Callable

from app.contract.events import Started
from app.kinds.lottery.spec import LotterySpec
from app.records import Queue
from app.store import Claim, Store


def test_a_claim_carries_what_a_worker_needs(store: Store, spec: LotterySpec) -> None:
    run = store.create_run(spec, name="x")
    claim = store.claim("cpu", "w1")
    assert claim is not None
    assert (claim.run_id, claim.spec, claim.replicate, claim.attempt) == (run.id, spec, 0, 1)
    assert (claim.plan, claim.checkpoints, claim.next_ordinal) == (None, [], 0)
    shard = store.shards(run.id)[0]
    assert (shard.id, shard.state, shard.worker) == (claim.shard_id, "running", "w1")
    read = store.run(run.id)
    assert (read.state, read.workers) == ("running", ("w1",))
    assert read.started_at is not None


def test_runs_take_turns_and_the_oldest_comes_first(store: Store, spec: LotterySpec) -> None:
    big = store.create_run(spec.model_copy(update={"replicates": 4}), name="big").id
    small = store.create_run(spec, name="small").id
    claims = [store.claim("cpu", "w") for _ in range(7)]
    order = [(claim.run_id, claim.replicate) for claim in claims if claim]
    assert order == [(big, 0), (small, 0), (big, 1), (small, 1), (big, 2), (big, 3)]
    assert claims[-1] is None


def test_workers_take_only_what_they_can_run(store: Store, spec: LotterySpec) -> None:
    for device in ("any", "cpu", "gpu"):
        store.create_run(spec.model_copy(update={"device": device, "replicates": 1}), name=device)
    assert store.queue_length() == {"any": 1, "cpu": 1, "gpu": 1}

    def devices(queue: Queue) -> list[str]:
        claims = [store.claim(queue, "w") for _ in range(3)]
        return [claim.spec.device for claim in claims if claim]

    assert devices("cpu") == ["any", "cpu"]
    assert devices("gpu") == ["gpu"]
    assert store.queue_length() == {"any": 0, "cpu": 0, "gpu": 0}


def test_binned_and_cancelled_runs_are_not_claimed(store: Store, spec: LotterySpec) -> None:
    store.bin_run(store.create_run(spec, name="binned").id)
    store.cancel_run(store.create_run(spec, name="cancelled").id)
    assert store.claim("cpu", "w") is None


def test_threads_never_share_a_shard(store: Store, spec: LotterySpec) -> None:
    store.create_run(spec.model_copy(update={"replicates": 40}), name="x")
    taken: list[int] = []

    def work() -> None:
        while (claim := store.claim("cpu", "w")) is not None:
            taken.append(claim.shard_id)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == len(set(taken)) == 40


def test_processes_never_share_a_shard(
    store: Store, spec: LotterySpec, processes: Callable[[str, int], list[str]]
) -> None:
    run = store.create_run(spec.model_copy(update={"replicates": 60}), name="x")
    script = """
while claim := store.claim("cpu", f"w{i}"):
    print(claim.shard_id)
"""
    taken = [line for printed in processes(script, 4) for line in printed.split()]
    assert len(taken) == len(set(taken)) == 60
    assert store.run(run.id).state == "running"


def test_a_claim_takes_its_block_with_it(store: Store, spec: LotterySpec) -> None:
    """Replicates 0 to 2 and 3 to 5 of a run have the slots of one stack each; the last block is not full."""
    run = store.create_run(spec.model_copy(update={"replicates": 8}), name="x")
    store.create_run(spec.model_copy(update={"replicates": 8}), name="another")
    for block in ([0, 1, 2], [3, 4, 5], [6, 7]):
        claim = _of(run.id, store)
        siblings = store.claim_siblings(claim, 3, "w1")
        assert [claim.replicate, *(other.replicate for other in siblings)] == block
        assert {other.run_id for other in siblings} == {run.id}
        assert len({claim.token, *(other.token for other in siblings)}) == len(block)
        assert all((other.spec, other.attempt, other.plan) == (claim.spec, 1, None) for other in siblings)
    assert {(shard.state, shard.worker) for shard in store.shards(run.id)} == {("running", "w1")}


def test_a_claim_takes_nothing_that_is_taken_or_planned_otherwise(store: Store, spec: LotterySpec) -> None:
    run = store.create_run(spec.model_copy(update={"replicates": 4}), name="x")
    claims = [_of(run.id, store) for _ in range(4)]
    for claim, plan in zip(claims[:3], ({"replicates": 4}, {"replicates": 2}, {"replicates": 4}), strict=True):
        started = Started(replicate=claim.replicate, attempt=1, worker="w1", plan=plan, provenance={})
        store.start(claim.shard_id, claim.token, started)
        store.release(claim.shard_id, claim.token)
    again = _of(run.id, store)
    assert again.replicate == 0
    assert [other.replicate for other in store.claim_siblings(again, 4, "w1")] == [2]
    assert [shard.state for shard in store.shards(run.id)] == ["running", "queued", "running", "running"]


def test_threads_that_claim_blocks_share_no_shard(store: Store, spec: LotterySpec) -> None:
    store.create_run(spec.model_copy(update={"replicates": 40}), name="x")
    taken: list[int] = []

    def work() -> None:
        while (claim := store.claim("cpu", "w")) is not None:
            taken.extend(one.shard_id for one in (claim, *store.claim_siblings(claim, 4, "w")))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == len(set(taken)) == 40


def _of(run_id: str, store: Store) -> Claim:
    """The next claim of this run, past those of others."""
    while True:
        claim = store.claim("cpu", "w1")
        assert claim is not None
        if claim.run_id == run_id:
            return claim
