"""A lock that another process holds for longer than any patience costs an attempt and nothing else."""

import sqlite3
import threading
from pathlib import Path

from app.queue import Queue
from app.reaper import Reaper
from app.settings import Settings
from app.store import Store
from tests.lab import small_spec, until
from workers.job import PARENT_PATIENCE_S, Job
from workers.supervisor import Supervisor


def test_a_lock_beyond_all_patience_costs_an_attempt_but_no_result(store: Store, tmp_path: Path) -> None:
    """The child gives up after 1 s, its supervisor after 2 s; a reaper hands the shard on once the lock is gone."""
    settings = Settings(data_dir=tmp_path, checkpoint_s=0.0)
    url, artifacts = settings.resolved_database_url, settings.resolved_artifacts_url
    undisturbed = store.create_run(small_spec(), name="undisturbed").id
    run_id = store.create_run(small_spec(), name="x").id
    parent = Store(url, artifacts, lease_s=2.0, patience_s=PARENT_PATIENCE_S)
    first = parent.claim("cpu", "a test")
    assert first is not None
    Supervisor(parent, Queue(""), Job(first, settings, "a test", "cpu"), lambda: False).run()
    claim = parent.claim("cpu", "a test")
    assert claim is not None
    supervisor = Supervisor(parent, Queue(""), Job(claim, settings, "a test", "cpu", patience_s=2.0), lambda: False)
    running = threading.Thread(target=supervisor.run)
    running.start()
    until(lambda: any(event.event["kind"] == "measured" for event in store.events(run_id)), 120)
    holder = sqlite3.connect(tmp_path / "ticketscope.db", isolation_level=None, check_same_thread=False)
    holder.execute("BEGIN IMMEDIATE")
    running.join(60)
    assert not running.is_alive()
    assert store.run(run_id).state == "running"  # nobody could write down what happened
    holder.execute("ROLLBACK")
    holder.close()
    reaper = Reaper(parent, Queue(""))
    reaper.start()
    until(lambda: store.run(run_id).state == "queued", 60)
    reaper.stop()
    again = parent.claim("cpu", "a test")
    assert again is not None
    Supervisor(parent, Queue(""), Job(again, settings, "a test", "cpu"), lambda: False).run()
    assert store.run(run_id).state == "finished"
    assert [shard.attempt for shard in store.shards(run_id)] == [2]
    # Nothing is lost or doubled.
    for name in ("evaluation", "outcome", "layers"):
        assert len(store.series(run_id, name)) == len(store.series(undisturbed, name)) > 0
    parent.close()
