"""A shard that the code before training keys left unfinished goes on from its checkpoint."""

import gzip
import json
import sqlite3
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from app.contract.events import Measured
from app.contract.experiment import Experiment
from app.kinds.erasure.spec import ErasureKey, ErasureSpec
from app.kinds.lottery.spec import LotteryKey
from app.kinds.specs import EXPERIMENT
from app.store import Artifacts, CheckpointRef
from workers import checkpoints
from workers.science.experiments.erasure import run
from workers.science.outputs import Output, Tensors

HERE = Path(__file__).parents[1] / "app" / "store" / "before_training_keys"
RUNS: dict[str, str] = json.loads(gzip.decompress((HERE / "answers.json.gz").read_bytes()))["runs"]


class Left(NamedTuple):
    """What a kill left of the first replicate of a run."""

    name: str
    spec: Experiment
    refs: list[CheckpointRef]
    logged: int


def left(run_id: str) -> Left:
    connection = sqlite3.connect(":memory:")
    connection.executescript(gzip.decompress((HERE / "dump.sql.gz").read_bytes()).decode())
    query = "SELECT spec, checkpoints, next_ordinal FROM runs JOIN shards ON run_id = runs.id WHERE runs.id = ?"
    spec, refs, logged = connection.execute(query, (run_id,)).fetchone()
    connection.close()
    checkpoints_then = [CheckpointRef(**ref) for ref in json.loads(refs)]
    return Left(f"{run_id}/0", EXPERIMENT.validate_json(spec), checkpoints_then, logged)


@pytest.fixture
def store(tmp_path: Path) -> Artifacts:
    with zipfile.ZipFile(HERE / "artifacts.zip") as archive:
        for name in archive.namelist():
            (tmp_path / name[:2]).mkdir(exist_ok=True)
            (tmp_path / name[:2] / name).write_bytes(archive.read(name))
    return Artifacts(str(tmp_path))


def told(outputs: Iterator[Output]) -> list[tuple[Any, ...]]:
    """What goes into the log, with the bits of every number."""
    return [
        (each.series, each.key, {name: [value.hex() for value in column] for name, column in each.columns.items()})
        if isinstance(each, Measured)
        else (each.name, each.key, {name: tensor.numpy().tobytes() for name, tensor in each.tensors.items()}, each.meta)
        for each in outputs
        if isinstance(each, Measured | Tensors)
    ]


def test_an_erasure_run_trains_what_is_left_and_nothing_twice(store: Artifacts) -> None:
    name, spec, refs, logged = left(RUNS["unfinished_erasure"])
    assert isinstance(spec, ErasureSpec)
    saved = checkpoints.newest(store, refs, logged, name, spec)
    assert saved.next_ordinal == refs[0].next_ordinal
    done = [cell.key for cell in spec.cells()][:3]
    assert saved.state is not None
    assert [ErasureKey.model_validate(each) for each in saved.state["done"]] == done
    rest = told(run(spec, 0, datasets_dir=Path(), resume=saved.resume(store)))
    started = {key.start for key in done}
    assert rest == [
        each
        for each in told(run(spec, 0, datasets_dir=Path()))
        if each[1] not in done and not (each[0] == "init" and each[1] in started)
    ]
    resume = saved.resume(store)
    assert resume is not None
    assert resume.load("init", done[0].start)["weight"].shape == (8, 8)


def test_a_lottery_run_finds_its_artifacts_under_their_new_names(store: Artifacts, tmp_path: Path) -> None:
    name, spec, refs, logged = left(RUNS["unfinished_lottery"])
    document = json.loads(store.get(refs[0].sha256))
    for sha256 in document["artifacts"].values():
        (tmp_path / sha256[:2]).mkdir(exist_ok=True)
        (tmp_path / sha256[:2] / sha256).touch()
    saved = checkpoints.newest(store, refs, logged, name, spec)
    assert saved.state is not None
    done = [LotteryKey.model_validate(each) for each in saved.state["done"]]
    assert done == [LotteryKey(), LotteryKey(level=1)]
    assert saved.state["next"] == {"level": 1, "control": "reinit", "draw": 0}
    ticket = checkpoints.key("ticket", LotteryKey(level=1))
    assert saved.artifacts[ticket] == document["artifacts"]["ticket/1/winning_ticket/0"]
    again = Artifacts(str(tmp_path))
    rewritten = CheckpointRef(saved.write(again), saved.next_ordinal)
    assert checkpoints.newest(again, [rewritten], logged, name, spec).state == saved.state


def test_stable_ranks_of_before_are_known_by_width_and_batch_size(store: Artifacts) -> None:
    _, spec, _, _ = left(RUNS["stable_rank"])
    sha256 = store.put(json.dumps({"state": {"done": [[8, 16]]}, "artifacts": {}, "next_ordinal": 1}).encode())
    saved = checkpoints.newest(store, [CheckpointRef(sha256, 1)], 1, "x/0", spec)
    assert saved.state == {"done": [{"width": 8, "batch_size": 16}]}
