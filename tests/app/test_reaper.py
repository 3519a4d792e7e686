"""Work that a dead worker left comes back."""

import os
import threading
from collections.abc import Iterator, Set
from pathlib import Path

import pytest

from app import reaper
from app.queue import Queue
from app.reaper import Reaper
from app.store import Store, references
from tests.lab import small_spec, until


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path / 'x.db'}", str(tmp_path / "artifacts"), lease_s=0.0)
    store.migrate()
    yield store
    store.close()


def test_an_expired_lease_is_taken_back_and_told(store: Store) -> None:
    run_id = store.create_run(small_spec(), name="x").id
    assert store.claim("cpu", "a worker that dies") is not None
    told: list[Set[str]] = []
    Reaper(store, Queue(""), told.append).reap()
    assert store.run(run_id).state == "queued"
    assert told == [{"cpu", "gpu"}]


def test_nothing_to_do_is_told_as_well(store: Store) -> None:
    told: list[Set[str]] = []
    Reaper(store, Queue(""), told.append).reap()
    assert told == [set()]


def test_it_sweeps_when_that_is_due(store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    sha256 = store.artifacts_store.put(b"nobody refers to this")
    _release(store, sha256)
    (path,) = tmp_path.glob(f"artifacts/*/{sha256}")
    os.utime(path, (0, 0))
    Reaper(store, Queue("")).reap()
    assert path.exists()
    monkeypatch.setattr(reaper, "FIRST_SWEEP_S", 0.0)
    running = Reaper(store, Queue(""))
    running.reap()
    assert not path.exists()
    _release(store, sha256)
    assert store.artifacts_store.put(b"nobody refers to this") == sha256
    os.utime(path, (0, 0))
    running.reap()
    assert path.exists()  # the next one is due in an hour


def test_it_outlives_a_store_that_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(reaper, "EVERY_S", 0.05)
    store = Store(f"sqlite:///{tmp_path / 'later.db'}", str(tmp_path / "artifacts"))
    looked = threading.Event()
    running = Reaper(store, Queue(""), lambda _: looked.set())
    running.start()
    until(lambda: "could not reach the store" in caplog.text)
    assert not looked.is_set()
    store.migrate()
    assert looked.wait(5)
    running.stop()
    store.close()


def test_a_sweep_that_fails_does_not_stop_it(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(reaper, "EVERY_S", 0.05)
    monkeypatch.setattr(reaper, "SWEEP_EVERY_S", 0.0)
    monkeypatch.setattr(store, "sweep_artifacts", _raise)
    running = Reaper(store, Queue(""))
    running.start()
    until(lambda: "could not be swept" in caplog.text, 5)
    run_id = store.create_run(small_spec(), name="x").id
    assert store.claim("cpu", "a worker that dies") is not None
    until(lambda: store.run(run_id).state == "queued", 5)
    running.stop()
    assert "a round of the reaper failed" not in caplog.text


def test_a_look_that_fails_is_followed_by_the_next(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(reaper, "EVERY_S", 0.05)
    looks: list[Set[str]] = []

    def on_work(waiting: Set[str]) -> None:
        looks.append(waiting)
        if len(looks) == 1:
            _raise()

    running = Reaper(store, Queue(""), on_work)
    running.start()
    until(lambda: len(looks) > 1, 5)
    running.stop()
    assert "RuntimeError: of a library that nobody here knows" in caplog.text


def _release(store: Store, sha256: str) -> None:
    with store._db.write() as conn:
        references.release(conn, [sha256])


def _raise(*_: object) -> None:
    raise RuntimeError("of a library that nobody here knows")
