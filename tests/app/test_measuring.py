"""Measures follow the logs of runs: of those that were there before, live ones, and ended ones."""

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from app.atlas.reader import Reader
from app.kinds.registry import KINDS
from app.kinds.specs import MEASURES
from app.measuring import AT_ONCE, Measuring
from app.search.facts import Fact
from app.store import Store
from app.store.tables import runs
from tests.app.conftest import Hand, Web


@pytest.fixture
def measuring(store: Store) -> Measuring:
    return Measuring(store, Reader(store))


def facts(store: Store, run: str) -> dict[str, Fact]:
    return {fact.path: fact for fact in store.facts([run], ["result.accuracy@40%"])[run] if "." in fact.path}


def test_a_live_run_is_measured_as_far_as_its_log_goes(measuring: Measuring, store: Store, hand: Hand) -> None:
    run = hand.run()
    hand.outcome(0, 1.0, 0.91)
    assert measuring.measure() == 1
    assert facts(store, run.id)["result.accuracy"] == Fact("result.accuracy", 0.91, n=1)
    assert "result.accuracy@40%" not in facts(store, run.id)
    assert measuring.measure() == 0
    hand.outcome(1, 0.41, 0.93)
    assert measuring.measure() == 1
    now = facts(store, run.id)
    assert now["result.accuracy"].number == 0.93
    assert now["result.accuracy@40%"].number == 0.93
    assert now["result.sparsity"].number == pytest.approx(0.59)
    assert now["result.test_loss"].number == 0.3
    assert "result.verdict" not in now  # one replicate has no interval


def test_the_verdict_is_a_word_that_can_be_searched_for(measuring: Measuring, store: Store, hand: Hand) -> None:
    run = hand.run(replicates=3)
    for replicate in range(3):
        if replicate:
            hand.begin(replicate)
        hand.outcome(0, 1.0, 0.9)
        hand.outcome(1, 0.64, 0.91)
        store.finish(hand.claim.shard_id, hand.claim.token)
    measuring.measure()
    assert facts(store, run.id)["result.verdict"] == Fact("result.verdict", text="matches", n=3)
    assert facts(store, run.id)["result.matched_density"].number == pytest.approx(0.64)
    assert [each.id for each in store.runs(q="verdict:matches matched_density<0.7").items] == [run.id]
    assert store.runs(q="verdict:loses").items == ()


def test_costs_are_the_time_of_the_slots_and_every_artifact_once(
    measuring: Measuring, store: Store, hand: Hand
) -> None:
    run = hand.run()
    hand.save("ticket", b"x" * 1000, level=1)
    hand.save("ticket", b"x" * 1000, level=2)
    hand.outcome(0, 1.0, 0.9)
    began = time.monotonic()
    time.sleep(0.05)
    measuring.measure()
    measured = facts(store, run.id)
    assert hashlib.sha256(b"x" * 1000).hexdigest() in {ref.id for ref in store.artifacts(run.id)}
    assert measured["cost.disk_bytes"].number == 1000 + 8 * 12  # an outcome is twelve columns of one row
    assert 0.04 < (measured["cost.core_seconds"].number or 0) < 60 + time.monotonic() - began


def test_runs_that_were_there_before_are_measured_in_pieces(measuring: Measuring, store: Store, hand: Hand) -> None:
    for _ in range(AT_ONCE + 3):
        hand.run(start=False)
    with store._db.write() as conn:
        conn.execute(runs.update().values(measured_seq=None, finished_at=time.time() - 60))
    assert store.count_unmeasured() == AT_ONCE + 3
    assert [measuring.measure() for _ in range(3)] == [AT_ONCE, 3, 0]
    assert store.count_unmeasured() == 0


def test_a_kind_that_fails_hinders_no_other_run(
    measuring: Measuring, store: Store, hand: Hand, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> Iterator[Fact]:
        yield from ()
        raise RuntimeError("boom")

    run = hand.run(start=False)
    monkeypatch.setattr("app.measuring.KINDS", {**KINDS, "lottery": replace(KINDS["lottery"], measured=fail)})
    assert measuring.measure() == 1
    assert "could not be measured" in caplog.text
    assert set(facts(store, run.id)) >= {"cost.core_seconds", "cost.disk_bytes"}
    assert measuring.measure() == 0


def test_every_measure_that_a_kind_gives_is_declared(measuring: Measuring, store: Store, hand: Hand) -> None:
    run = hand.run(replicates=2)
    for replicate in range(2):
        if replicate:
            hand.begin(replicate)
        hand.outcome(0, 1.0, 0.9)
        hand.outcome(1, 0.64, 0.91)
    measuring.measure()
    given = set(facts(store, run.id)) - {fact.path for fact in store.facts([run.id])[run.id] if fact.n is None}
    declared = {measure.path for measure in MEASURES}
    assert {path.partition("@")[0] + ("@" if "@" in path else "") for path in given} <= declared


def test_the_web_measures_while_it_runs(
    web: Web, store: Store, hand: Hand, wait_for: Callable[[Callable[[], bool]], None]
) -> None:
    run = hand.run()
    hand.outcome(0, 1.0, 0.91)
    wait_for(lambda: web.client.get("/api/v1/runs", params={"q": "accuracy>0.9"}).json()["items"] != [])
    assert store.runs(q="accuracy>0.9").items[0].id == run.id
