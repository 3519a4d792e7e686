"""The log of a run, read once for all who follow it, and nothing of it lost."""

import asyncio
import json
import socket

import pytest

from app.contract.events import Measured
from app.kinds.lottery.spec import LotteryKey
from app.records import EventRecord
from app.store import Store
from app.web.core.run_log import Log, Part
from tests.app.conftest import Hand, Web


def seqs(part: Part) -> list[int]:
    return [
        json.loads(line.removeprefix("data: "))["seq"] for line in part.frames.decode().split("\n") if "data" in line
    ]


def counted(store: Store, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """After which event the store is asked for more, each time."""
    real, asked = store.events, []

    def events(run_id: str, after: int = 0, limit: int = 1000) -> list[EventRecord]:
        asked.append(after)
        return real(run_id, after, limit)

    monkeypatch.setattr(store, "events", events)
    return asked


def test_one_read_serves_all_who_wait_for_the_same(store: Store, hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    run, asked = hand.run(), counted(store, monkeypatch)

    async def main() -> None:
        log = Log(store)
        parts = await asyncio.gather(*(log.after(run.id, 0, run.last_seq) for _ in range(20)))
        assert asked == [0]
        assert all(part == parts[0] for part in parts)
        assert seqs(parts[0]) == list(range(1, run.last_seq + 1))
        # Who has seen more reads less; who knows of a newer event never gets what was read before that came.
        behind = asyncio.create_task(log.after(run.id, 1, run.last_seq))
        await asyncio.sleep(0)
        seq = hand.outcome(0, 1.0, 0.9)
        part = await log.after(run.id, 1, seq)
        assert (part.seq, seqs(part)) == (seq, list(range(2, seq + 1)))
        assert seqs(await behind)[:1] == [2]
        assert asked == [0, 1, 1]
        assert log.pending == 0

    asyncio.run(main())


def test_one_who_leaves_takes_nothing_from_the_others(store: Store, hand: Hand) -> None:
    run = hand.run()

    async def main() -> None:
        log = Log(store)
        leaving, staying = (asyncio.create_task(log.after(run.id, 0, run.last_seq)) for _ in range(2))
        await asyncio.sleep(0)
        leaving.cancel()
        assert (await staying).seq == run.last_seq
        assert (await log.after("0000000000", 7, 9)) == (b"", 7)

    asyncio.run(main())


def test_a_reader_that_is_slow_loses_nothing(web: Web, hand: Hand) -> None:
    run = hand.run()
    with socket.socket() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.connect((web.client.base_url.host, web.client.base_url.port))
        reader.settimeout(20)
        head = f"GET /api/v1/runs/{run.id}/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n"
        reader.sendall(head.encode())
        text = reader.recv(100)
        last = 0
        # Some megabytes, more than the buffers of sockets hold: the names of columns are in each event.
        columns = {f"{number:050}": [0.0] for number in range(40)}
        rows = [Measured(series="evaluation", key=LotteryKey(), columns=columns)] * 1_000
        for first in range(0, 3_000, 1_000):
            last = web.app.state.store.append(hand.claim.shard_id, hand.claim.token, rows, first)
        while f"\nid: {last}\n".encode() not in text[-2_000:]:
            text += (piece := reader.recv(1_000_000))
            assert piece, "the stream has ended"
    found = [int(line.removeprefix(b"id: ")) for line in text.split(b"\n") if line.startswith(b"id: ")]
    assert len(text) > 5_000_000
    assert found == list(range(1, len(found) + 1))
