"""A supervisor in this process with a real child, where the store is made to disagree with it."""

import errno
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from app.kinds.lottery.spec import LotterySpec
from app.queue import Queue
from app.settings import Settings
from app.store import Store
from tests import migrated
from tests.lab import alive, small_spec, until
from workers.forkserver import warm
from workers.job import Job
from workers.supervisor import HEARTBEAT_S, Supervisor


class Bench:
    """One shard, claimed and supervised in a thread."""

    def __init__(self, folder: Path, *, lease_s: float = 15.0) -> None:
        self.settings = Settings(data_dir=folder)
        migrated.put(folder)
        self.store = Store(self.settings.resolved_database_url, self.settings.resolved_artifacts_url, lease_s=lease_s)
        self.store.migrate()
        self.stopping = False

    def begin(self, spec: LotterySpec, *, device: str = "cpu") -> str:
        run_id = self.store.create_run(spec, name="x").id
        self.go_on(device=device)
        return run_id

    def go_on(self, *, device: str = "cpu") -> None:
        claim = self.store.claim("cpu", "a test")
        assert claim is not None
        job = Job(claim, self.settings, "a test", device)
        supervisor = Supervisor(self.store, Queue(""), job, lambda: self.stopping)
        self.thread = threading.Thread(target=supervisor.run)
        self.thread.start()

    def kinds(self, run_id: str) -> list[str]:
        return [event.event["kind"] for event in self.store.events(run_id)]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.stopping = True
    bench.thread.join(20)
    bench.store.close()


def test_without_a_broker_a_shard_goes_on_all_the_same(bench: Bench) -> None:
    run_id = bench.begin(small_spec())
    bench.thread.join(60)
    assert bench.store.run(run_id).state == "finished"


def test_a_fenced_child_is_ended_and_writes_nothing_more(tmp_path: Path) -> None:
    bench = Bench(tmp_path, lease_s=0.1)
    run_id = bench.begin(small_spec(steps=20_000))
    until(lambda: "measured" in bench.kinds(run_id))
    servers = [process for process in psutil.Process().children() if "forkserver" in " ".join(process.cmdline())]
    (child,) = [child for server in servers for child in server.children()]
    # Between two heartbeats the lease runs out, and the shard is given to nobody.
    until(lambda: bool(bench.store.reap()) and bench.store.run(run_id).state == "queued")
    after = bench.store.run(run_id).last_seq
    bench.thread.join(5)
    assert not bench.thread.is_alive()
    assert not alive(child)
    assert bench.store.run(run_id).last_seq == after
    assert bench.store.run(run_id).state == "queued"
    bench.store.close()


def test_a_fork_server_that_takes_longer_than_a_lease_to_start_costs_no_try(tmp_path: Path) -> None:
    bench = Bench(tmp_path, lease_s=1.0)
    server = _fork_server()
    server.suspend()  # as one that still imports torch: it answers late
    try:
        run_id = bench.begin(small_spec())
        began = time.monotonic()
        while time.monotonic() - began < 2.5:
            bench.store.reap()
            time.sleep(0.05)
        assert bench.kinds(run_id) == ["changed"]
    finally:
        server.resume()
    bench.thread.join(60)
    assert bench.store.run(run_id).state == "finished"
    assert bench.kinds(run_id).count("started") == 1
    bench.store.close()


def test_a_shard_that_is_taken_away_before_its_child_is_there_is_let_go(tmp_path: Path) -> None:
    bench = Bench(tmp_path, lease_s=0.1)
    server = _fork_server()
    server.suspend()
    try:
        run_id = bench.begin(small_spec())
        until(lambda: bool(bench.store.reap()) and bench.store.run(run_id).state == "queued")
        time.sleep(HEARTBEAT_S)
    finally:
        server.resume()
    bench.thread.join(20)
    assert not bench.thread.is_alive()
    assert bench.kinds(run_id) == ["changed", "failed"]
    assert not server.children()
    bench.store.close()


def _fork_server() -> psutil.Process:
    warm()
    (server,) = [process for process in psutil.Process().children() if "forkserver" in " ".join(process.cmdline())]
    return server


def test_another_numeric_plan_is_refused_and_the_shard_waits_for_a_worker_that_has_it(bench: Bench) -> None:
    run_id = bench.begin(small_spec(steps=20_000))
    until(lambda: "measured" in bench.kinds(run_id))
    bench.stopping = True
    bench.thread.join(10)
    bench.stopping = False
    assert bench.store.run(run_id).state == "queued"
    with bench.store._db.write() as connection:
        connection.exec_driver_sql("UPDATE shards SET plan = replace(plan, '2.13.0', '1.0.0')")
    bench.go_on()
    bench.thread.join(20)
    run = bench.store.run(run_id)
    assert (run.state, run.error) == ("queued", None)
    (refusal,) = bench.store.refusals(run_id)
    assert "torch was '1.0.0' and is '2.13.0' here" in refusal.reason
    assert bench.kinds(run_id).count("started") == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_a_full_disk_fails_for_good_says_so_and_can_be_resumed(bench: Bench) -> None:
    disk = bench.settings.data_dir / "artifacts"
    disk.mkdir(exist_ok=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", disk], check=False, capture_output=True, text=True
    )
    if mounted.returncode != 0:
        pytest.skip(f"this machine mounts nothing: {mounted.stderr}")
    try:
        run_id = bench.begin(small_spec(levels=4))
        bench.thread.join(60)
        run = bench.store.run(run_id)
        assert run.state == "failed"
        assert run.error is not None
        assert "the disk is full: " in run.error
        assert os.strerror(errno.ENOSPC) in run.error
        assert bench.kinds(run_id).count("failed") == 1
        subprocess.run(["mount", "-o", "remount,size=50m", disk], check=True)
        bench.store.resume_run(run_id)
        bench.go_on()
        bench.thread.join(60)
        assert bench.store.run(run_id).state == "finished"
    finally:
        bench.stopping = True
        bench.thread.join(20)
        subprocess.run(["umount", "-l", disk], check=True)
