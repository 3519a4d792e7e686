"""Whatever lies on the broker, a real worker lives on and does what the store holds."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import Celery

from tests.lab import Lab, small_spec, until

MESSAGE: dict[str, Any] = {
    "body": "W1siY3B1Il0sIHt9LCB7fV0=",
    "content-type": "application/json",
    "content-encoding": "utf-8",
    "headers": {"task": "workers.tasks.run_next", "id": "1", "lang": "py"},
    "properties": {"delivery_tag": "1", "delivery_info": {}, "body_encoding": "base64"},
}
GARBAGE: list[Any] = [
    b"",
    b"\xff\xfe\x00",
    b"not JSON",
    b"[" * 100_000,
    b"x" * 20_000_000,
    7,
    None,
    [],
    {},
    {"body": 1, "properties": None},
    {**MESSAGE, "properties": {}},
    {**MESSAGE, "headers": None},
    {**MESSAGE, "headers": {**MESSAGE["headers"], "task": "no.such.task"}},
    {**MESSAGE, "headers": {**MESSAGE["headers"], "task": ["workers.tasks.run_next"]}},
    {**MESSAGE, "headers": {**MESSAGE["headers"], "eta": "never", "expires": {}, "timelimit": 1}},
    {**MESSAGE, "body": "not base64!"},
    {**MESSAGE, "body": "W1sicm0gLXJmIC8iXSwge30sIHt9XQ=="},
    {**MESSAGE, "content-type": "application/x-python-serialize", "body": "gASVCg=="},
    {**MESSAGE, "content-encoding": "no-such-encoding"},
]
# Keys that Celery would use, each as a thing that it is not.
KEYS = ["cpu", "unacked", "unacked_index", "unacked_mutex", "_kombu.binding.cpu", "_kombu.binding.celery"]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, datasets_dir: Path) -> Iterator[Lab]:
    """A lab whose one worker starts among keys of another kind, and lives through all that comes, test after test."""
    lab = Lab(tmp_path_factory.mktemp("lab"), datasets_dir)
    lab.start_broker()
    spoil(lab)
    lab.start_worker()
    yield lab
    lab.close()


def spoil(lab: Lab) -> None:
    with redis.Redis.from_url(lab.queue.broker_url) as client:
        for key in KEYS:
            client.delete(key)
            if key == "unacked_mutex":
                client.sadd(key, "x")
            else:
                client.set(key, "x")


def works_on(lab: Lab) -> None:
    (run,) = lab.ends([lab.submit(small_spec(steps=20, levels=1))])
    assert run.state == "finished"
    (worker,) = lab.workers
    assert worker.poll() is None
    assert [known.pid for known in lab.store.workers()] == [worker.pid]


def test_a_worker_starts_among_keys_of_another_kind(running: Lab) -> None:
    works_on(running)


def test_garbage_in_the_queue_ends_no_worker(running: Lab) -> None:
    with redis.Redis.from_url(running.queue.broker_url) as client:
        for each in GARBAGE:
            client.lpush("cpu", each if isinstance(each, bytes) else json.dumps(each))
        works_on(running)
        until(lambda: client.llen("cpu") == 0)
    works_on(running)
    log = (running.folder / "workers.log").read_text()
    assert "Traceback" not in log
    assert len(log) < 10_000


def test_a_worker_takes_no_orders_from_the_broker(running: Lab) -> None:
    with Celery(broker=running.queue.broker_url) as celery:
        celery.control.shutdown()
        celery.control.cancel_consumer("cpu")
        assert celery.control.ping(timeout=1) == []
    works_on(running)


def test_a_broker_that_hung_for_a_while_is_served_again_by_the_same_worker(running: Lab) -> None:
    assert running.broker is not None
    running.broker.send_signal(signal.SIGSTOP)
    run_id = running.store.create_run(small_spec(steps=20, levels=1), name="while it hangs").id
    assert not running.queue.announce(["cpu"])
    running.broker.send_signal(signal.SIGCONT)
    (run,) = running.ends([run_id])
    assert run.state == "finished"
    works_on(running)


def test_keys_of_another_kind_end_no_worker(running: Lab) -> None:
    spoil(running)
    works_on(running)
