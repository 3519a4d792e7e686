"""Measures come after the event that they rest on, and reach open pages all the same."""

import asyncio

import pytest

from app.atlas.reader import Reader
from app.measuring import Measuring
from app.queue import Queue
from app.store import Store
from tests.app.conftest import Hand
from tests.app.following import running, until


@pytest.mark.parametrize("board", [True, False])
def test_measures_of_a_run_that_has_ended_are_news_though_no_event_tells_of_them(
    store: Store, no_broker: Queue, hand: Hand, monkeypatch: pytest.MonkeyPatch, board: bool
) -> None:
    monkeypatch.setattr("app.live.POLL_S", 0.01)
    monkeypatch.setattr("app.live.BOARD_INTERVAL_S", 0.01)
    run, measuring = hand.run(), Measuring(store, Reader(store))
    hand.outcome(0, 1.0, 0.9)

    async def main() -> None:
        async with running(store, no_broker) as broadcaster:
            with broadcaster.viewer(None if board else frozenset({run.id})) as viewer:
                await until(viewer, 0)
                store.finish(hand.claim.shard_id, hand.claim.token)
                seq = store.run(run.id).last_seq
                assert (await until(viewer, seq)).state == "finished"
                assert await viewer.hints(0.1) == []
                measuring.measure()
                news = await viewer.hints(5) or []
                assert [(hint.run, hint.seq, hint.touched) for hint in news] == [(run.id, seq, frozenset({"measures"}))]
                assert await viewer.hints(0.1) == []

    asyncio.run(main())
