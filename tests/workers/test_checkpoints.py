"""Which checkpoint a shard goes on from."""

from pathlib import Path

import orjson
import pytest
import torch

from app.contract.events import Place
from app.store import Artifacts, CheckpointRef
from workers import checkpoints, tensors
from workers.checkpoints import LostCheckpointsError, Saved


@pytest.fixture
def store(tmp_path: Path) -> Artifacts:
    return Artifacts(str(tmp_path))


def write(store: Artifacts, step: int, next_ordinal: int) -> CheckpointRef:
    sha256 = store.put(tensors.dumps({"w": torch.full((2,), float(step))}, {}))
    saved = Saved({"step": step}, {checkpoints.key("ticket", Place(level=step)): sha256}, next_ordinal)
    return CheckpointRef(saved.write(store), next_ordinal)


def test_the_newest_that_the_log_has_caught_up_with(store: Artifacts) -> None:
    new, old = write(store, 2, 20), write(store, 1, 10)
    assert checkpoints.newest(store, [new, old], 25, "run/0").state == {"step": 2}
    assert checkpoints.newest(store, [new, old], 20, "run/0").state == {"step": 2}
    assert checkpoints.newest(store, [new, old], 19, "run/0").state == {"step": 1}
    with pytest.raises(LostCheckpointsError, match="Clone the run"):
        checkpoints.newest(store, [new, old], 9, "run/0")


def test_a_lost_document_or_artifact_is_passed_over(store: Artifacts) -> None:
    new, old = write(store, 2, 20), write(store, 1, 10)
    (needed,) = orjson.loads(store.get(new.sha256))["artifacts"].values()
    store.delete(needed)
    assert checkpoints.newest(store, [new, old], 25, "run/0").state == {"step": 1}
    store.delete(old.sha256)
    with pytest.raises(LostCheckpointsError):
        checkpoints.newest(store, [new, old], 25, "run/0")


def test_a_damaged_document_is_passed_over(store: Artifacts, tmp_path: Path) -> None:
    new, old = write(store, 2, 20), write(store, 1, 10)
    (tmp_path / new.sha256[:2] / new.sha256).write_bytes(b"{}")
    assert checkpoints.newest(store, [new, old], 25, "run/0").state == {"step": 1}


def test_an_experiment_loads_what_it_yielded_before(store: Artifacts) -> None:
    resume = checkpoints.newest(store, [write(store, 2, 20)], 20, "run/0").resume(store)
    assert resume is not None
    assert resume.state == {"step": 2}
    assert resume.load("ticket", Place(level=2))["w"].tolist() == [2, 2]
    with pytest.raises(KeyError):
        resume.load("ticket", Place(level=1))


def test_from_nothing(store: Artifacts) -> None:
    assert checkpoints.newest(store, [], 0, "run/0").resume(store) is None
