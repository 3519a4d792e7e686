"""One moment of a store, whatever is written meanwhile."""

from contextlib import ExitStack

import numpy as np
import pytest

from app.contract.events import ArtifactSaved, Measured, Started
from app.kinds.lottery.spec import LotteryKey
from app.store import Claim, NotFound, Store


def _measure(store: Store, claim: Claim, ordinal: int, level: int = 0, **columns: list[float]) -> None:
    event = Measured(series="outcome", key=LotteryKey(level=level), columns=columns)
    store.append(claim.shard_id, claim.token, [event], ordinal)


def test_what_is_written_meanwhile_is_not_seen(store: Store, claim: Claim) -> None:
    _measure(store, claim, 0, steps=[1.0])
    with store.snapshot() as snapshot:
        before = snapshot.run(claim.run_id)
        _measure(store, claim, 1, steps=[2.0])
        store.update_run(claim.run_id, name="another")
        assert snapshot.run(claim.run_id) == before
        assert snapshot.series(claim.run_id, "outcome")["steps"].tolist() == [1.0]
        assert snapshot.last_seqs([claim.run_id]) == {claim.run_id: before.last_seq}
        assert snapshot.touched(claim.run_id, before.last_seq) == set()
        assert [run.name for run in snapshot.runs().items] == [before.name]
    assert store.run(claim.run_id).name == "another"
    with store.snapshot() as snapshot:
        assert snapshot.series(claim.run_id, "outcome")["steps"].tolist() == [1.0, 2.0]


def test_series_read_ahead_are_those_read_one_by_one(store: Store, claim: Claim) -> None:
    _measure(store, claim, 0, steps=[1.0, 2.0])
    _measure(store, claim, 2, level=1, steps=[3.0], density=[0.5])
    for where in ({}, {"level": 0}, {"level": 1}, {"control": "winning_ticket"}, {"replicate": 7}):
        with store.snapshot() as snapshot:
            snapshot.read_ahead([claim.run_id], ["outcome", "layers"])
            for name in ("outcome", "layers", "evaluation"):
                ahead, single = (item.series(claim.run_id, name, **where) for item in (snapshot, store))
                assert list(ahead.columns) == list(single.columns)
                for column, values in ahead.columns.items():
                    np.testing.assert_array_equal(values, single[column])


def test_what_is_read_together_is_what_is_read_alone(store: Store, claim: Claim) -> None:
    begin = {"attempt": 1, "worker": "w", "plan": {"threads": 1}, "provenance": {"host": "h"}}
    store.start(claim.shard_id, claim.token, Started(replicate=0, **begin))
    _measure(store, claim, 0, steps=[1.0, 2.0])
    saved = {"name": "mask", "sha256": "0" * 64, "size_bytes": 3, "media_type": "text/plain", "meta": {"step": "7"}}
    for ordinal, level in ((2, 0), (3, 1)):
        event = ArtifactSaved(key=LotteryKey(level=level), **saved)
        store.append(claim.shard_id, claim.token, [event], ordinal)
    _measure(store, claim, 4, level=1, steps=[3.0], density=[0.5])
    store.refuse(claim.shard_id, claim.token, "another version")
    other = store.claim("cpu", "other")
    assert other is not None
    store.start(other.shard_id, other.token, Started(replicate=other.replicate, **{**begin, "attempt": 2}))
    ids = claim.run_id
    for names in (["outcome", "layers"], []):
        with store.snapshot() as snapshot:
            snapshot.read_together(ids, names, with_artifacts=True, with_starts=True)
            assert snapshot.artifacts(ids) == store.artifacts(ids)
            assert len(snapshot.artifacts(ids)) == 2
            assert snapshot.starts(ids) == store.starts(ids)
            assert len(snapshot.starts(ids)) == 2
            for name in ("outcome", "layers"):
                together, alone = (item.series(ids, name) for item in (snapshot, store))
                assert list(together.columns) == list(alone.columns)
                for column, values in together.columns.items():
                    np.testing.assert_array_equal(values, alone[column])
    with store.snapshot() as snapshot:
        snapshot.read_together(ids, [])
        assert len(snapshot.artifacts(ids)) == len(snapshot.starts(ids)) == 2


def test_every_thread_of_the_pages_may_hold_one_while_others_read_and_write(store: Store, claim: Claim) -> None:
    with ExitStack() as stack:
        for _ in range(40):
            stack.enter_context(store.snapshot()).run(claim.run_id)
        assert store.run(claim.run_id).name == "a run"
        assert store.update_run(claim.run_id, name="another").name == "another"


def test_what_is_not_there_is_said(store: Store) -> None:
    with store.snapshot() as snapshot:
        for read in (snapshot.run, snapshot.artifacts, lambda run_id: snapshot.series(run_id, "outcome")):
            with pytest.raises(NotFound):
                read("unknown")
        assert snapshot.last_seqs(["unknown"]) == {}
