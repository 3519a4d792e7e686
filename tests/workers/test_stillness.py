"""A child that does nothing is noticed, said, and in the end replaced; one that works or waits is not."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from app.settings import Settings
from app.store import Store
from tests.lab import alive, small_spec, until
from tests.workers.test_supervisor import Bench
from workers import stillness, supervisor
from workers.stillness import Stillness


@contextmanager
def started(code: str) -> Iterator[psutil.Process]:
    process = subprocess.Popen([sys.executable, "-c", code])
    try:
        yield psutil.Process(process.pid)
    finally:
        process.kill()
        process.wait()


def still_s(code: str, stop: bool = False, spoke: bool = False) -> float:
    """For how long a process has been still after it was watched for 3 s."""
    with started(code) as process:
        time.sleep(1)
        watched = Stillness(process.pid)
        if stop:
            process.suspend()
        for _ in range(15):
            time.sleep(0.2)
            watched.observe(spoke)
        return watched.seconds


def test_only_what_neither_computes_nor_waits_in_steps_is_still() -> None:
    assert still_s("while True: pass", stop=True) > 2
    assert still_s("import threading; threading.Event().wait()") > 2
    assert still_s("while True: pass") < 1
    assert still_s("import time\nwhile True: time.sleep(0.1)") < 1
    assert still_s("import threading; threading.Event().wait()", spoke=True) == 0


def test_a_watcher_that_was_stopped_itself_blames_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    with started("import threading; threading.Event().wait()") as process:
        watched = Stillness(process.pid)
        now = time.monotonic()
        monkeypatch.setattr(time, "monotonic", lambda: now + 3_600)
        watched.observe(spoke=False)
        assert watched.seconds <= 2


@pytest.fixture
def bench(settings: Settings, store: Store) -> Iterator[Bench]:
    bench = Bench(settings.data_dir)
    yield bench
    bench.stopping = True
    bench.thread.join(20)
    bench.store.close()


def child() -> psutil.Process:
    servers = [process for process in psutil.Process().children() if "forkserver" in " ".join(process.cmdline())]
    (found,) = [child for server in servers for child in server.children()]
    return found


def test_a_child_that_is_stopped_is_said_and_goes_on_when_it_can(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(stillness, "SAID_S", 1.0)
    run_id = bench.begin(small_spec(steps=4_000, levels=1))
    until(lambda: "measured" in bench.kinds(run_id))
    child().suspend()
    until(lambda: "is stopped: it has done nothing" in bench.store.run(run_id).progress.note, 15)
    assert f"run {run_id}: the training process is stopped" in caplog.text
    child().resume()
    until(lambda: "nothing" not in bench.store.run(run_id).progress.note, 15)
    assert bench.kinds(run_id).count("failed") == 0


def test_a_child_that_stays_stopped_is_replaced_and_its_shard_goes_on(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stillness, "SAID_S", 1.0)
    monkeypatch.setattr(supervisor, "REPLACED_S", 2.0)
    run_id = bench.begin(small_spec(steps=600))
    until(lambda: "measured" in bench.kinds(run_id))
    stuck = child()
    stuck.suspend()
    bench.thread.join(90)
    assert not alive(stuck)
    (failed,) = [event.event for event in bench.store.events(run_id) if event.event["kind"] == "failed"]
    assert (bench.store.run(run_id).state, failed["final"]) == ("queued", False)
    assert failed["reason"].startswith("the training process is stopped: it has done nothing for")
    bench.go_on()
    bench.thread.join(120)
    assert bench.store.run(run_id).state == "finished"
