"""Announcing and waking through a real Valkey, up and down."""

import asyncio
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from app import broker
from app.kinds.presets import PRESETS
from app.queue import Queue, queues_of
from tests.lab import until
from tests.silent import Silent


class Server:
    """A Valkey on a port that it keeps through restarts."""

    def __init__(self, folder: Path) -> None:
        self.port = broker.free_port()
        self._folder = folder
        self.url = broker.url(self.port, folder)
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(broker.command(self.port, self._folder))
        assert broker.wait(self.port, 5)

    def hang(self) -> None:
        """It still takes connections, and answers nothing."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path)
    yield server
    server.kill()


@pytest.fixture
def queue(server: Server) -> Iterator[Queue]:
    queue = Queue(server.url)
    yield queue
    queue.close()


def waiting(server: Server, name: str) -> int:
    with redis.Redis.from_url(server.url) as client:
        return int(client.llen(name))


def test_announcing_leaves_one_message_per_queue_however_often(server: Server, queue: Queue) -> None:
    for _ in range(3):
        assert queue.announce(["cpu", "gpu"])
    assert waiting(server, "cpu") == 1
    assert waiting(server, "gpu") == 1


def test_nothing_to_announce_is_no_message(server: Server, queue: Queue) -> None:
    assert queue.announce([])
    assert waiting(server, "cpu") == 0


def test_a_dead_broker_is_told_at_once(server: Server, queue: Queue) -> None:
    assert queue.announce(["cpu"])
    assert queue.alive()
    server.kill()
    began = time.monotonic()
    assert not queue.announce(["cpu"])
    assert not queue.alive()
    queue.wake("run", 1)
    assert time.monotonic() - began < 1


def test_a_restarted_broker_is_found_again(server: Server, queue: Queue) -> None:
    assert queue.announce(["cpu"])
    server.kill()
    server.start()
    assert queue.alive()
    assert queue.announce(["cpu"])
    assert waiting(server, "cpu") == 1


def test_a_broker_that_hangs_is_told_within_a_second_and_found_again(server: Server, queue: Queue) -> None:
    assert queue.announce(["cpu"])
    server.hang()
    try:
        began = time.monotonic()
        assert not queue.announce(["gpu"])
        assert time.monotonic() - began < 1
        began = time.monotonic()
        assert not queue.alive()
        assert time.monotonic() - began < 1
    finally:
        server.go_on()
    until(queue.alive, 5)
    assert queue.announce(["gpu"])
    assert waiting(server, "gpu") == 1


def test_nobody_who_wakes_waits_for_a_broker_that_hangs(silent: Silent) -> None:
    queue = Queue(silent.url)
    began = time.monotonic()
    for seq in range(200):
        queue.wake("run", seq)
        queue.announce(["cpu"], wait_s=0)
    assert time.monotonic() - began < 0.5
    queue.close()


def test_a_broker_that_hangs_is_tried_less_and_less_often(silent: Silent) -> None:
    queue = Queue(silent.url)
    ends = time.monotonic() + 4
    while time.monotonic() < ends:
        queue.wake("run", 1)
        time.sleep(0.01)
    queue.close()
    # Pauses of 0.5, 1 and 2 s.
    assert 1 <= silent.connections <= 4


def test_a_close_waits_no_longer_than_a_moment_for_a_broker_that_hangs(silent: Silent) -> None:
    queue = Queue(silent.url)
    queue.wake("run", 1)
    until(lambda: silent.connections > 0)
    began = time.monotonic()
    queue.close()
    assert time.monotonic() - began < 0.3


def test_the_last_wake_up_of_a_process_is_sent(server: Server, queue: Queue) -> None:
    def last_words() -> None:
        queue.wake("abc", 7)
        queue.close()

    async def listen() -> dict[str, Any]:
        asyncio.get_running_loop().call_later(1, last_words)
        async with asyncio.timeout(10):
            async for message in Queue(server.url).listen():
                return message
        raise AssertionError("the stream of wake-ups ended")

    assert queue.alive()
    assert asyncio.run(listen()) == {"run": "abc", "seq": 7}


def test_what_lies_in_the_place_of_a_queue_is_set_aside_and_kept(server: Server, queue: Queue) -> None:
    with redis.Redis.from_url(server.url) as client:
        client.set("cpu", "of somebody else")
        assert queue.announce(["cpu"])
        assert client.llen("cpu") == 1
        (kept,) = client.keys("cpu:set-aside:*")
        assert client.get(kept) == b"of somebody else"


def test_no_broker_at_all_is_one_that_is_down() -> None:
    queue = Queue("")
    assert not queue.announce(["cpu"])
    assert not queue.alive()
    queue.close()


async def _first(queue: Queue, act: Callable[[], Any]) -> dict[str, Any]:
    """The first wake-up that `act`, repeated, leads to."""

    async def repeat() -> None:
        while True:
            await asyncio.to_thread(act)
            await asyncio.sleep(0.05)

    acting = asyncio.create_task(repeat())
    try:
        async with asyncio.timeout(10):
            async for message in queue.listen():
                return message
    finally:
        acting.cancel()
    raise AssertionError("the stream of wake-ups ended")


def test_a_wake_up_reaches_a_listener(queue: Queue) -> None:
    assert asyncio.run(_first(queue, lambda: queue.wake("abc", 7))) == {"run": "abc", "seq": 7}


@pytest.mark.parametrize(
    "said",
    [
        *(b"not JSON", b"\xff\xfe", b"", b"7", b"null", b"[1]", b"{}"),
        *(b'{"run": 1, "seq": 2}', b'{"run": "a", "seq": true}', b"[" * 900, b"1" * 900),
        b'{"run": "' + b"a" * 2_000_000 + b'", "seq": 1}',
    ],
    ids=lambda said: said[:12].decode(errors="replace"),
)
def test_nothing_that_is_said_on_the_channel_ends_a_listener(server: Server, queue: Queue, said: bytes) -> None:
    def act() -> None:
        with redis.Redis.from_url(server.url) as client:
            client.publish("ticketscope:wake", said)
        queue.wake("abc", 7)

    assert asyncio.run(_first(queue, act)) == {"run": "abc", "seq": 7}


def test_a_listener_survives_a_restart_of_the_broker(server: Server, queue: Queue) -> None:
    async def listen() -> list[dict[str, Any]]:
        heard: list[dict[str, Any]] = []
        async for message in queue.listen():
            heard.append(message)
            if len(heard) == 1:
                await asyncio.to_thread(server.kill)
                await asyncio.to_thread(server.start)
            elif message["seq"] == 2:
                break
        return heard

    async def both() -> list[dict[str, Any]]:
        listening = asyncio.create_task(listen())
        seq = 1
        async with asyncio.timeout(20):
            while not listening.done():
                await asyncio.to_thread(queue.wake, "abc", seq)
                await asyncio.sleep(0.1)
                seq = 2
        return await listening

    assert asyncio.run(both())[-1] == {"run": "abc", "seq": 2}


def test_any_device_means_both_queues() -> None:
    spec = PRESETS["digits-tickets"].spec
    assert queues_of(spec) == ("cpu", "gpu")
    assert queues_of(spec.model_copy(update={"device": "gpu"})) == ("gpu",)
