"""One reader for many viewers: what is new, the newest only, and nothing lost."""

import asyncio
from collections.abc import Collection
from contextlib import ExitStack

import pytest

from app.contract.events import Progress
from app.live import BINNED, Broadcaster, Hint, Viewer
from app.queue import Queue
from app.records import RunProgress
from app.store import Store
from app.store.statuses import Status
from tests.app.conftest import Hand
from tests.app.following import running, until


def hint(run: str, seq: int, *touched: str) -> Hint:
    return Hint(run, seq, "running", RunProgress(done=seq, total=10), frozenset(touched))


def test_a_slow_viewer_finds_the_newest_hint_of_each_run_and_all_that_was_touched() -> None:
    async def main() -> None:
        viewer = Viewer(frozenset({"a", "b"}))
        for seq in range(1000):
            viewer.put(hint("a", seq, f"series{seq % 3}"))
        viewer.put(hint("b", 1, "outcome"))
        viewer.put(hint("c", 1, "outcome"))
        assert await viewer.hints(0) == [hint("a", 999, "series0", "series1", "series2"), hint("b", 1, "outcome")]
        assert await viewer.hints(0) == []
        viewer.close()
        assert await viewer.hints(10) is None

    asyncio.run(main())


def test_a_viewer_is_greeted_and_then_told_what_is_new(store: Store, no_broker: Queue, hand: Hand) -> None:
    run = hand.run()

    async def main() -> None:
        async with running(store, no_broker) as broadcaster:
            with broadcaster.viewer(frozenset({run.id})) as viewer:
                greeting = await until(viewer, 0)
                assert (greeting.run, greeting.seq, greeting.state) == (run.id, run.last_seq, "running")
                assert greeting.touched == frozenset()
                hand.outcome(0, 1.0, 0.9)
                news = await until(viewer, run.last_seq + 1)
                assert news.touched == {"outcome"}

    asyncio.run(main())


def test_a_wake_up_is_heard_long_before_the_next_poll(
    store: Store, queue: Queue, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.live.POLL_S", 60)
    run = hand.run()

    async def main() -> None:
        async with running(store, queue) as broadcaster:
            with broadcaster.viewer(None) as viewer:
                await until(viewer, run.last_seq)
                await asyncio.sleep(0.3)  # the broadcaster listens
                for _ in range(2):
                    seq = hand.outcome(0, 1.0, 0.9)
                    queue.wake(run.id, seq)
                    began = asyncio.get_running_loop().time()
                    assert (await until(viewer, seq)).touched == {"outcome"}
                    assert asyncio.get_running_loop().time() - began < 1

    asyncio.run(main())


def test_a_newcomer_takes_no_news_from_others(store: Store, no_broker: Queue, hand: Hand) -> None:
    run = hand.run()

    async def main() -> None:
        async with running(store, no_broker) as broadcaster:
            with broadcaster.viewer(frozenset({run.id})) as old:
                await until(old, 0)
                for level in range(5):
                    seq = hand.outcome(level, 1.0, 0.9)
                    with broadcaster.viewer(frozenset({run.id})) as new:
                        assert (await until(new, seq)).seq == seq
                assert "outcome" in (await until(old, seq)).touched

    asyncio.run(main())


def test_a_board_hears_of_new_runs_and_of_those_that_leave(store: Store, no_broker: Queue, hand: Hand) -> None:
    first = hand.run(start=False)

    async def main() -> None:
        async with running(store, no_broker) as broadcaster:
            with broadcaster.viewer(None) as board:
                assert (await until(board, 0)).run == first.id
                second = hand.run(start=False)
                news = await until(board, 1)
                assert (news.run, news.state) == (second.id, "queued")
                store.bin_run(second.id)
                gone = await until(board, 1)
                while BINNED not in gone.touched:
                    gone = await until(board, 1)
                assert gone.run == second.id

    asyncio.run(main())


def test_progress_alone_is_news(store: Store, no_broker: Queue, hand: Hand) -> None:
    run = hand.run()

    async def main() -> None:
        async with running(store, no_broker) as broadcaster:
            with broadcaster.viewer(None) as board:
                await until(board, 0)
                store.heartbeat(hand.claim.shard_id, hand.claim.token, Progress(done=500, total=1000))
                news = await until(board, 0)
                assert (news.progress.done, news.seq) == (500, run.last_seq)

    asyncio.run(main())


def test_nobody_is_read_for_nobody(store: Store, no_broker: Queue, hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.live.POLL_S", 0.01)
    hand.run()
    real, read = store.last_seqs, []

    def counted(ids: list[str] | None = None) -> dict[str, int]:
        read.append(ids)
        return real(ids)

    monkeypatch.setattr(store, "last_seqs", counted)

    async def main() -> None:
        async with running(store, no_broker) as broadcaster:
            await asyncio.sleep(0.2)
            assert read == []
            with broadcaster.viewer(None) as viewer:
                await until(viewer, 0)
            assert broadcaster.viewers == 0
            seen = len(read)
            await asyncio.sleep(0.3)
            assert len(read) <= seen + 1

    asyncio.run(main())


def test_a_store_that_is_away_for_a_while_ends_no_stream(
    store: Store, no_broker: Queue, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = hand.run()
    real, failures = store.last_seqs, [OSError("away"), OSError("away")]

    def sometimes(ids: list[str] | None = None) -> dict[str, int]:
        if failures:
            raise failures.pop()
        return real(ids)

    monkeypatch.setattr(store, "last_seqs", sometimes)

    async def main() -> None:
        async with running(store, no_broker) as broadcaster:
            with broadcaster.viewer(frozenset({run.id})) as viewer:
                assert (await until(viewer, 0)).run == run.id

    asyncio.run(main())


def test_news_outlive_a_greeting_that_fails(
    store: Store, no_broker: Queue, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = hand.run()
    real = store.statuses

    async def main() -> None:
        async with running(store, no_broker) as broadcaster:
            with broadcaster.viewer(frozenset({run.id})) as old:
                await until(old, run.last_seq)
                other, failures = hand.run(start=False), [OSError("away")]

                def sometimes(run_ids: Collection[str]) -> dict[str, Status]:
                    if other.id in run_ids and failures:
                        raise failures.pop()
                    return real(run_ids)

                monkeypatch.setattr(store, "statuses", sometimes)
                seq = hand.outcome(0, 1.0, 0.9)
                with broadcaster.viewer(frozenset({other.id})) as new:
                    assert (await until(old, seq)).touched == {"outcome"}
                    assert (await until(new, 0)).run == other.id
                assert failures == []

    asyncio.run(main())


@pytest.mark.parametrize(("board", "least", "most"), [(True, 2, 5), (False, 6, 30)])
def test_a_board_has_all_runs_read_less_often(
    store: Store, no_broker: Queue, hand: Hand, monkeypatch: pytest.MonkeyPatch, board: bool, least: int, most: int
) -> None:
    monkeypatch.setattr("app.live.POLL_S", 0.0)  # as if wake-ups came without end
    run = hand.run()
    real, read = store.last_seqs, []

    def counted(ids: list[str] | None = None) -> dict[str, int]:
        read.append(ids)
        return real(ids)

    monkeypatch.setattr(store, "last_seqs", counted)

    async def main() -> None:
        async with running(store, no_broker) as broadcaster:
            with broadcaster.viewer(frozenset({run.id})) as one, broadcaster.viewer(None if board else one.runs):
                await until(one, 0)
                await asyncio.sleep(0.9)
                assert least <= len(read) <= most

    asyncio.run(main())


def test_a_viewer_of_a_closed_broadcaster_ends_at_once(store: Store, no_broker: Queue) -> None:
    async def main() -> None:
        broadcaster = Broadcaster(store, no_broker)
        broadcaster.close()
        with broadcaster.viewer(None) as viewer:
            assert await viewer.hints(10) is None

    asyncio.run(main())


def test_one_read_serves_all_runs_and_their_viewers(
    store: Store, no_broker: Queue, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [hand.run() for _ in range(5)]
    real, asked = store.statuses, []

    def noted(run_ids: Collection[str]) -> dict[str, Status]:
        asked.append(set(run_ids))
        return real(run_ids)

    monkeypatch.setattr(store, "statuses", noted)

    async def main() -> None:
        async with running(store, no_broker) as broadcaster:
            with ExitStack() as stack:
                every = [stack.enter_context(broadcaster.viewer(frozenset({run.id}))) for run in [*runs, *runs]]
                for viewer in every:
                    await until(viewer, 0)
                asked.clear()
                seq = hand.outcome(0, 1.0, 0.9)
                first, second = await until(every[4], seq), await until(every[9], seq)
                assert first is second
                assert first.frame is second.frame
                assert all(some == {run.id for run in runs} for some in asked), "all that move, at once"

    asyncio.run(main())
