"""A worker that would give other numbers hands a shard back and is not offered it again; another one is."""

import pytest
from sqlalchemy import select

from app.kinds.lottery.spec import LotterySpec
from app.records import Refusal
from app.store import Claim, Store
from app.store.shards import TRIES
from app.store.tables import refusals

REASON = "torch was '2.13.0' and is '2.12.0' here"


def _register(store: Store, worker: str) -> None:
    store.register_worker(worker, host="h", pid=1, queue="cpu", device="cpu", slots=1, versions={})


@pytest.fixture
def refused(store: Store, claim: Claim) -> Claim:
    """The first replicate, refused by worker `w1`; the second one waits."""
    _register(store, "w1")
    assert store.refuse(claim.shard_id, claim.token, REASON) == "queued"
    return claim


def test_it_is_not_offered_again_to_the_same_worker_but_to_another(store: Store, refused: Claim) -> None:
    _register(store, "w2")
    mine = store.claim("cpu", "w1")
    assert mine is not None
    assert (mine.replicate, store.claim("cpu", "w1")) == (1, None)
    other = store.claim("cpu", "w2")
    assert other is not None
    assert (other.shard_id, other.attempt) == (refused.shard_id, 2)


def test_refusals_use_up_no_tries(store: Store, spec: LotterySpec) -> None:
    run = store.create_run(spec.model_copy(update={"replicates": 1}), name="x")
    for number in range(TRIES + 1):
        claim = store.claim("cpu", f"old worker {number}")
        assert claim is not None
        store.refuse(claim.shard_id, claim.token, REASON)
    assert (store.run(run.id).state, store.run(run.id).error) == ("queued", None)


def test_the_run_says_who_refused_what_while_it_waits(store: Store, refused: Claim) -> None:
    assert store.refusals(refused.run_id) == [Refusal(replicate=0, worker="w1", reason=REASON)]
    details = [event.event.get("detail") for event in store.events(refused.run_id)]
    assert f"worker w1 returned replicate 0: {REASON}" in details
    taken = store.claim("cpu", "w2")
    assert taken is not None
    assert store.refusals(refused.run_id) == []


def test_a_worker_that_is_gone_leaves_no_refusal(store: Store, refused: Claim) -> None:
    _register(store, "w2")
    assert len(store.refusals(refused.run_id)) == 1
    store.forget_worker("w1")
    assert store.refusals(refused.run_id) == []


def test_a_refused_shard_that_was_cancelled_meanwhile_is_cancelled(store: Store, claim: Claim) -> None:
    store.cancel_run(claim.run_id)
    assert store.refuse(claim.shard_id, claim.token, REASON) == "cancelled"


def test_refusals_go_with_their_run(store: Store, refused: Claim) -> None:
    store.bin_run(refused.run_id)
    store.purge_run(refused.run_id)
    with store._db.read() as connection:
        assert connection.execute(select(refusals)).all() == []
