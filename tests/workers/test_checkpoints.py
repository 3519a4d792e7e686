"""Which checkpoint a shard goes on from."""

from pathlib import Path

import orjson
import pytest
import torch

from app.kinds.lottery.spec import LotteryKey
from app.kinds.presets import PRESETS
from app.store import Artifacts, CheckpointRef
from workers import checkpoints, tensors
from workers.checkpoints import LostCheckpointsError, Saved

SPEC = PRESETS["digits-tickets"].spec


@pytest.fixture
def store(tmp_path: Path) -> Artifacts:
    return Artifacts(str(tmp_path))


def write(store: Artifacts, step: int, next_ordinal: int) -> CheckpointRef:
    sha256 = store.put(tensors.dumps({"w": torch.full((2,), float(step))}, {}))
    saved = Saved({"step": step}, {checkpoints.key("ticket", LotteryKey(level=step)): sha256}, next_ordinal)
    return CheckpointRef(saved.write(store.put), next_ordinal)


def test_the_newest_that_the_log_has_caught_up_with(store: Artifacts) -> None:
    new, old = write(store, 2, 20), write(store, 1, 10)
    assert checkpoints.newest(store, [new, old], 25, "run/0", SPEC).state == {"step": 2}
    assert checkpoints.newest(store, [new, old], 20, "run/0", SPEC).state == {"step": 2}
    assert checkpoints.newest(store, [new, old], 19, "run/0", SPEC).state == {"step": 1}
    with pytest.raises(LostCheckpointsError, match="Clone the run"):
        checkpoints.newest(store, [new, old], 9, "run/0", SPEC)


def test_a_lost_document_or_artifact_is_passed_over(store: Artifacts) -> None:
    new, old = write(store, 2, 20), write(store, 1, 10)
    (needed,) = orjson.loads(store.get(new.sha256))["artifacts"].values()
    store.delete(needed)
    assert checkpoints.newest(store, [new, old], 25, "run/0", SPEC).state == {"step": 1}
    store.delete(old.sha256)
    with pytest.raises(LostCheckpointsError):
        checkpoints.newest(store, [new, old], 25, "run/0", SPEC)


def test_a_damaged_document_is_passed_over(store: Artifacts, tmp_path: Path) -> None:
    new, old = write(store, 2, 20), write(store, 1, 10)
    (tmp_path / new.sha256[:2] / new.sha256).write_bytes(b"{}")
    assert checkpoints.newest(store, [new, old], 25, "run/0", SPEC).state == {"step": 1}


def test_an_experiment_loads_what_it_yielded_before(store: Artifacts) -> None:
    resume = checkpoints.newest(store, [write(store, 2, 20)], 20, "run/0", SPEC).resume(store)
    assert resume is not None
    assert resume.state == {"step": 2}
    assert resume.load("ticket", LotteryKey(level=2))["w"].tolist() == [2, 2]
    with pytest.raises(KeyError):
        resume.load("ticket", LotteryKey(level=1))


def test_from_nothing(store: Artifacts) -> None:
    assert checkpoints.newest(store, [], 0, "run/0", SPEC).resume(store) is None


def half_done(store: Artifacts, step: int, shard: str = "run/0") -> CheckpointRef:
    weights = {"network/w": torch.arange(3.0), "optimizers/0.exp_avg": torch.full((2, 2), float(step))}
    return CheckpointRef(Saved({"unfinished": {"step": step}}, {}, 5, shard, weights).write(store.put), 5)


def test_a_training_that_is_half_done_comes_back_with_its_tensors(store: Artifacts) -> None:
    saved = checkpoints.newest(store, [half_done(store, 7)], 5, "run/0", SPEC)
    resume = saved.resume(store)
    assert resume is not None
    assert resume.state == {"unfinished": {"step": 7}}
    assert resume.tensors["network/w"].tolist() == [0, 1, 2]
    assert resume.tensors["optimizers/0.exp_avg"].tolist() == [[7, 7], [7, 7]]


@pytest.mark.parametrize("damage", [b"", b"{", b"\x08\0\0\0\0\0\0\0notjson!", b"\xff" * 64])
def test_one_that_cannot_be_read_is_passed_over_by_name(
    store: Artifacts, damage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    broken = CheckpointRef(store.put(damage), 5)
    assert checkpoints.newest(store, [broken, half_done(store, 3)], 5, "run/0", SPEC).state == {
        "unfinished": {"step": 3}
    }
    assert broken.sha256[:12] in caplog.text
    with pytest.raises(LostCheckpointsError, match=f"{broken.sha256[:12]}: it cannot be read"):
        checkpoints.newest(store, [broken], 5, "run/0", SPEC)


def test_that_of_another_replicate_is_refused_by_name(store: Artifacts) -> None:
    other, mine = half_done(store, 9, "run/1"), half_done(store, 3)
    assert checkpoints.newest(store, [other, mine], 5, "run/0", SPEC).state == {"unfinished": {"step": 3}}
    with pytest.raises(LostCheckpointsError, match="it belongs to run/1"):
        checkpoints.newest(store, [other], 5, "run/0", SPEC)
