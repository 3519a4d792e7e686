"""Files that are sent while the training goes on: nothing rests on one that has not arrived."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
import torch
from s3fs import S3FileSystem

from app.contract.events import ArtifactSaved, Event
from app.kinds.lottery.spec import LotteryKey
from app.settings import Settings
from app.store import Artifacts, Store
from tests.cable import Cable
from tests.lab import remember, small_spec
from tests.s3 import S3, environment
from workers.child import Attempt
from workers.job import Job
from workers.parent import Parent
from workers.saves import Saves
from workers.science.outputs import Checkpoint, Tensors

OUTPUT = Tensors("init", LotteryKey(), {"weight": torch.ones(3)})


@pytest.fixture
def far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[S3, Cable]]:
    """A server behind a cable on which each request takes 0.15 s longer."""
    s3 = S3(tmp_path)
    cable = Cable(s3.port, 0.15)
    for name, value in environment(cable.port).items():
        monkeypatch.setenv(name, value)
    S3FileSystem.clear_instance_cache()
    yield s3, cable
    S3FileSystem.clear_instance_cache()
    cable.close()
    s3.close()


class Unhurried:
    """A supervisor that gives no orders."""

    order = None

    def hear(self, *_: object) -> None:
        return None


def _finished(data_dir: Path, artifacts_url: str) -> tuple[Store, str]:
    """Run a small experiment whose trainings are saved at each step; return its store and id."""
    data_dir.mkdir()
    remember(data_dir)
    settings = Settings(data_dir=data_dir, artifacts_url=artifacts_url, checkpoint_s=0.0)
    store = Store(settings.resolved_database_url, settings.resolved_artifacts_url)
    store.migrate()
    run_id = store.create_run(small_spec(steps=20, eval_every=10), name="x").id
    claim = store.claim("cpu", "a test")
    assert claim is not None
    list(Attempt(Job(claim, settings, "a test", "cpu"), cast(Parent, Unhurried())).work())
    run = store.run(run_id)
    assert (run.state, run.error) == ("finished", None)
    return store, run_id


def test_the_log_rests_on_nothing_that_has_not_arrived(
    far: tuple[S3, Cable], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3, _ = far
    near = S3FileSystem(endpoint_url=s3.env["AWS_ENDPOINT_URL"], use_listings_cache=False)
    append, checkpoint, rested = Store.append, Store.checkpoint, []

    def resting_on(sha256: str) -> None:
        assert near.exists(f"{s3.url}/{sha256[:2]}/{sha256}")
        rested.append(sha256)

    def appending(self: Store, shard: int, token: str, events: list[Event], first: int) -> int:
        for event in events:
            if isinstance(event, ArtifactSaved):
                resting_on(event.sha256)
        return append(self, shard, token, events, first)

    def checking(self: Store, shard: int, token: str, sha256: str, next_ordinal: int) -> list[str]:
        resting_on(sha256)
        return checkpoint(self, shard, token, sha256, next_ordinal)

    monkeypatch.setattr(Store, "append", appending)
    monkeypatch.setattr(Store, "checkpoint", checking)
    store, run_id = _finished(tmp_path / "far", s3.url)
    there = {name.rpartition("/")[2] for name in store.artifacts_store.names()}
    saved = [artifact.id for artifact in store.artifacts(run_id)]
    assert set(saved) <= there
    assert len(rested) > len(saved) > 3
    monkeypatch.undo()

    close, close_id = _finished(tmp_path / "near", "")
    assert [artifact.id for artifact in close.artifacts(close_id)] == saved  # the same bits, in the same order
    for each in (store, close):
        each.close()


def test_a_training_goes_on_while_its_files_are_sent(artifacts: "Held") -> None:
    committed: list[str] = []

    def commit(sha256: str, next_ordinal: int) -> list[str]:
        committed.append(sha256)
        return []

    saves = Saves(artifacts, commit)
    event = saves.artifact(OUTPUT)
    saves.checkpoint(Checkpoint({"step": 1}), 1)
    assert (saves.arrived, saves.pending, committed) == (False, True, [])
    committing = threading.Thread(target=saves.commit)
    committing.start()
    committing.join(0.1)
    assert committing.is_alive()
    assert committed == []
    artifacts.hold.set()
    committing.join(5)
    assert (saves.arrived, saves.pending) == (True, False)
    assert {event.sha256, *committed} == set(artifacts.taken)
    assert len(committed) == 1
    saves.close()


def test_what_cannot_be_sent_is_told_before_anything_rests_on_it(artifacts: "Held") -> None:
    committed: list[str] = []

    def commit(sha256: str, next_ordinal: int) -> list[str]:
        committed.append(sha256)
        return []

    saves = Saves(artifacts, commit)
    artifacts.error = OSError("no route")
    artifacts.hold.set()
    saves.checkpoint(Checkpoint({"step": 1}), 1)
    with pytest.raises(OSError, match="no route"):
        saves.commit()
    assert committed == []
    saves.close()


class Held(Artifacts):
    """Artifacts in memory that take nothing before `hold` is set, and raise `error` then; `taken` has their hashes."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.hold = threading.Event()
        self.error: OSError | None = None
        self.taken: list[str] = []

    def put(self, data: bytes) -> str:
        assert self.hold.wait(5)
        if self.error is not None:
            raise self.error
        self.taken.append(super().put(data))
        return self.taken[-1]


@pytest.fixture
def artifacts(tmp_path: Path) -> Iterator[Held]:
    held = Held(f"memory://{tmp_path}")
    yield held
    held.hold.set()
