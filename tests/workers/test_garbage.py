"""Whatever lies on the broker, a real worker lives on and does what the store holds."""

import json
import signal
from collections.abc import Iterator
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


@pytest.fixture
def client(lab: Lab) -> Iterator[redis.Redis]:
    lab.start_broker()
    with redis.Redis.from_url(lab.queue.broker_url) as client:
        yield client


def works_on(lab: Lab, pid: int) -> None:
    (run,) = lab.ends([lab.submit(small_spec(steps=20, levels=1))])
    assert run.state == "finished"
    assert [worker.poll() for worker in lab.workers] == [None]
    assert [known.pid for known in lab.store.workers()] == [pid]


def test_garbage_in_the_queue_ends_no_worker(lab: Lab, client: redis.Redis) -> None:
    pid = lab.start_worker().pid
    for each in GARBAGE:
        client.lpush("cpu", each if isinstance(each, bytes) else json.dumps(each))
    works_on(lab, pid)
    until(lambda: client.llen("cpu") == 0)
    works_on(lab, pid)
    log = (lab.folder / "workers.log").read_text()
    assert "Traceback" not in log
    assert len(log) < 10_000


@pytest.mark.parametrize("while_it_runs", [False, True])
def test_keys_of_another_kind_end_no_worker(lab: Lab, client: redis.Redis, while_it_runs: bool) -> None:
    pid = lab.start_worker().pid if while_it_runs else 0
    for key in KEYS:
        client.delete(key)
        if key == "unacked_mutex":
            client.sadd(key, "x")
        else:
            client.set(key, "x")
    works_on(lab, pid or lab.start_worker().pid)


def test_a_worker_takes_no_orders_from_the_broker(lab: Lab, client: redis.Redis) -> None:
    worker = lab.start_worker()
    with Celery(broker=lab.queue.broker_url) as celery:
        celery.control.shutdown()
        celery.control.cancel_consumer("cpu")
        assert celery.control.ping(timeout=1) == []
    works_on(lab, worker.pid)


def test_a_broker_that_hung_for_a_while_is_served_again_by_the_same_worker(lab: Lab, client: redis.Redis) -> None:
    pid = lab.start_worker().pid
    assert lab.broker is not None
    lab.broker.send_signal(signal.SIGSTOP)
    run_id = lab.store.create_run(small_spec(steps=20, levels=1), name="while it hangs").id
    assert not lab.queue.announce(["cpu"])
    lab.broker.send_signal(signal.SIGCONT)
    (run,) = lab.ends([run_id])
    assert run.state == "finished"
    works_on(lab, pid)
