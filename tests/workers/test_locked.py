"""A training outlives a lock that another process holds for longer than its lease."""

import sqlite3
import threading
import time
from pathlib import Path

import pytest

from app.queue import Queue
from app.reaper import Reaper
from app.settings import Settings
from app.store import Store
from tests.lab import small_spec, until
from workers.job import CHILD_PATIENCE_S, PARENT_PATIENCE_S, Job
from workers.supervisor import Supervisor

# SQLite's own patience used to be 30 s, and a lease lasts 15. A lock of 75 s, five leases, is tried with short leases.
HELD = [(15.0, 33.0), (3.0, 15.0)]


@pytest.mark.parametrize(("lease_s", "held_s"), HELD)
def test_a_training_goes_on_after_a_long_lock(store: Store, tmp_path: Path, lease_s: float, held_s: float) -> None:
    settings = Settings(data_dir=tmp_path, checkpoint_s=0.0)
    run_id = store.create_run(small_spec(), name="x").id
    parent = Store(
        settings.resolved_database_url, settings.resolved_artifacts_url, lease_s=lease_s, patience_s=PARENT_PATIENCE_S
    )
    claim = parent.claim("cpu", "a test")
    assert claim is not None
    job = Job(claim, settings, "a test", "cpu")
    running = threading.Thread(target=Supervisor(parent, Queue(""), job, lambda: False).run)
    running.start()
    until(lambda: any(event.event["kind"] == "measured" for event in store.events(run_id)), 120)
    # Another process's reaper, as every web has one.
    web = Store(settings.resolved_database_url, settings.resolved_artifacts_url, patience_s=PARENT_PATIENCE_S)
    reaper = Reaper(web, Queue(""))
    holder = sqlite3.connect(tmp_path / "ticketscope.db", isolation_level=None, check_same_thread=False)
    holder.execute("BEGIN IMMEDIATE")
    reaper.start()
    # Half of a patience is for the lock of another process.
    assert CHILD_PATIENCE_S / 2 > 75
    time.sleep(held_s)
    assert store.run(run_id).state == "running"  # reads go on
    holder.execute("ROLLBACK")
    holder.close()
    running.join(120)
    reaper.stop()
    assert store.run(run_id).state == "finished"
    (shard,) = store.shards(run_id)
    assert shard.attempt == 1
    assert not any(event.event["kind"] == "failed" for event in store.events(run_id, limit=10_000))
    parent.close()
    web.close()
