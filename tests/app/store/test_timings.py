"""What shards took is kept beside what was told of them: for finished ones, over all their attempts."""

import pytest
from sqlalchemy import update

from app.contract.events import Progress
from app.kinds.lottery.spec import LotterySpec
from app.store import Claim, Store, Timing
from app.store.database import Database
from app.store.tables import shards


def _hold(store: Store, database_url: str, seconds: float) -> Claim:
    """A claimed shard that has been held for so long."""
    claim = store.claim("cpu", "w")
    assert claim is not None
    database = Database(database_url)
    with database.write() as connection:
        at = shards.c.claimed_at
        connection.execute(update(shards).where(shards.c.id == claim.shard_id).values(claimed_at=at - seconds))
    database.dispose()
    return claim


def _finish(store: Store, claim: Claim) -> None:
    store.finish(claim.shard_id, claim.token)


def test_a_finished_shard_tells_how_long_all_its_attempts_took(
    store: Store, spec: LotterySpec, database_url: str
) -> None:
    store.create_run(spec.model_copy(update={"replicates": 1}), name="x", estimated_s=70.0)
    first = _hold(store, database_url, 60.0)
    store.release(first.shard_id, first.token)
    failed = _hold(store, database_url, 30.0)
    store.fail(failed.shard_id, failed.token, "x", "")
    assert store.timings() == []
    _finish(store, _hold(store, database_url, 10.0))
    (timing,) = store.timings()
    assert timing._replace(took_s=0.0) == Timing("lottery", "lenet_300_100", "digits", "any", 70.0, 0.0)
    assert timing.took_s == pytest.approx(100.0, abs=2.0)


def test_the_newest_come_first_and_those_told_nothing_are_left_out(
    store: Store, spec: LotterySpec, database_url: str
) -> None:
    one = spec.model_copy(update={"replicates": 1})
    for estimated_s in (1.0, None, 2.0):
        store.create_run(one, name="x", estimated_s=estimated_s)
    for _ in range(3):
        _finish(store, _hold(store, database_url, 5.0))
    assert [timing.estimated_s for timing in store.timings()] == [2.0, 1.0]


def test_an_extended_shard_is_compared_no_more_and_a_new_one_is(
    store: Store, spec: LotterySpec, database_url: str
) -> None:
    one = spec.model_copy(update={"replicates": 1})
    run_id = store.create_run(one, name="x", estimated_s=1.0).id
    _finish(store, _hold(store, database_url, 5.0))
    store.extend_run(run_id, one.model_copy(update={"levels": spec.levels + 1, "replicates": 2}), estimated_s=3.0)
    for _ in range(2):
        _finish(store, _hold(store, database_url, 5.0))
    assert [timing.estimated_s for timing in store.timings()] == [3.0]


def test_a_shard_that_a_divergence_cut_short_is_compared_no_more(
    store: Store, spec: LotterySpec, database_url: str
) -> None:
    store.create_run(spec.model_copy(update={"replicates": 2}), name="x", estimated_s=1.0)
    for lost in (1, 0):
        claim = _hold(store, database_url, 5.0)
        steps = spec.units_per_replicate - lost
        store.finish(claim.shard_id, claim.token, Progress(done=steps, total=steps))
        assert len(store.timings()) == 1 - lost
