"""A worker in this process, whose store or broker fails it."""

from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from app.queue import Queue
from app.settings import Settings
from app.store import Store
from tests.lab import small_spec
from workers.worker import Worker


@pytest.mark.parametrize(
    ("owner", "method", "error"),
    [
        (Store, "queue_length", OperationalError("SELECT", {}, OSError("the database restarts"))),
        (Queue, "announce", ValueError("of a library that nobody here knows")),
    ],
)
def test_a_claimed_shard_is_done_though_more_work_cannot_be_announced(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    owner: type,
    method: str,
    error: Exception,
) -> None:
    def fail(*_: object) -> None:
        raise error

    settings = Settings(data_dir=tmp_path)
    store = Store(settings.resolved_database_url, settings.resolved_artifacts_url)
    store.migrate()
    run_id = store.create_run(small_spec(steps=20, levels=1, replicates=2), name="x").id
    monkeypatch.setattr(owner, method, fail)
    Worker(settings, "cpu", 1).serve()
    assert store.run(run_id).state == "finished"
    assert "more work could not be announced" in caplog.text
    store.close()
