"""Shards that earlier code left unfinished go on from their checkpoints."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from app.contract.events import Measured, Progress
from app.kinds.erasure.spec import ErasureKey, ErasureSpec
from app.kinds.lottery.spec import LotteryKey
from app.store import Artifacts, CheckpointRef
from tests.written_before import WrittenBefore
from workers import checkpoints
from workers.checkpoints_before import up_to_date
from workers.science.experiments import training_checkpoint
from workers.science.experiments.erasure import run
from workers.science.outputs import Output, Tensors

FOLDER = Path(__file__).parents[1] / "app" / "store"
BEFORE = WrittenBefore(FOLDER / "before_training_keys", "0005")
VERSION_2 = WrittenBefore(FOLDER / "before_slot_times", "0007")
RUNS: dict[str, str] = BEFORE.answers["runs"]


@pytest.fixture
def store(tmp_path: Path) -> Artifacts:
    return BEFORE.artifacts(tmp_path)


def told(outputs: Iterator[Output]) -> list[tuple[Any, ...]]:
    """What goes into the log, with the bits of every number."""
    return [
        (
            output.series,
            output.key,
            {name: [value.hex() for value in column] for name, column in output.columns.items()},
        )
        if isinstance(output, Measured)
        else (
            output.name,
            output.key,
            {name: tensor.numpy().tobytes() for name, tensor in output.tensors.items()},
            output.meta,
        )
        for output in outputs
        if isinstance(output, Measured | Tensors)
    ]


def test_an_erasure_run_trains_what_is_left_and_nothing_twice(store: Artifacts) -> None:
    name, spec, refs, logged = BEFORE.left(RUNS["unfinished_erasure"])
    assert isinstance(spec, ErasureSpec)
    saved = checkpoints.newest(store, refs, logged, name, spec)
    assert saved.next_ordinal == refs[0].next_ordinal
    done = [cell.key for cell in spec.cells()][:3]
    assert saved.state is not None
    assert [ErasureKey.model_validate(item) for item in saved.state["done"]] == done
    rest = told(run(spec, 0, datasets_dir=Path(), resume=saved.resume(store)))
    started = {key.start for key in done}
    assert rest == [
        item
        for item in told(run(spec, 0, datasets_dir=Path()))
        if item[1] not in done and not (item[0] == "init" and item[1] in started)
    ]
    resume = saved.resume(store)
    assert resume is not None
    assert resume.load("init", done[0].start)["weight"].shape == (8, 8)


def test_a_lottery_run_finds_its_artifacts_under_their_new_names(store: Artifacts, tmp_path: Path) -> None:
    name, spec, refs, logged = BEFORE.left(RUNS["unfinished_lottery"])
    document = json.loads(store.get(refs[0].sha256))
    for sha256 in document["artifacts"].values():
        (tmp_path / sha256[:2]).mkdir(exist_ok=True)
        (tmp_path / sha256[:2] / sha256).touch()
    saved = checkpoints.newest(store, refs, logged, name, spec)
    assert saved.state is not None
    done = [LotteryKey.model_validate(item) for item in saved.state["done"]]
    assert done == [LotteryKey(), LotteryKey(level=1)]
    assert saved.state["next"] == {"level": 1, "control": "reinit", "draw": 0}
    ticket = checkpoints.key("ticket", LotteryKey(level=1))
    assert saved.artifacts[ticket] == document["artifacts"]["ticket/1/winning_ticket/0"]
    again = Artifacts(str(tmp_path))
    rewritten = CheckpointRef(saved.write(again.put), saved.next_ordinal)
    assert checkpoints.newest(again, [rewritten], logged, name, spec).state == saved.state


def test_stable_ranks_of_before_are_known_by_width_and_batch_size(store: Artifacts) -> None:
    _, spec, _, _ = BEFORE.left(RUNS["stable_rank"])
    sha256 = store.put(json.dumps({"state": {"done": [[8, 16]]}, "artifacts": {}, "next_ordinal": 1}).encode())
    saved = checkpoints.newest(store, [CheckpointRef(sha256, 1)], 1, "x/0", spec)
    assert saved.state == {"done": [{"width": 8, "batch_size": 16}]}


def test_trainings_of_version_2_go_on_within_their_stack(tmp_path: Path) -> None:
    """Four of a stack were unfinished, and outputs of three of them waited; nothing is trained or logged twice."""
    name, spec, refs, logged = VERSION_2.left(VERSION_2.answers["runs"]["unfinished"])
    assert isinstance(spec, ErasureSpec)
    store = VERSION_2.artifacts(tmp_path)
    saved = checkpoints.newest(store, refs, logged, name, spec)
    assert saved.state is not None
    group = [cell.key for cell in spec.cells()][2:]
    assert [ErasureKey.model_validate(one["key"]) for one in saved.state["unfinished"]] == group
    assert [one["loop"]["step"] for one in saved.state["unfinished"]] == [3] * 4
    assert [ErasureKey.model_validate(key) for key, _ in saved.state["pending"]["outputs"]] == group[1:]
    plan = {"stack_groups": spec.stack_groups(4)}
    rest = list(run(spec, 0, datasets_dir=Path(), plan=plan, resume=saved.resume(store)))
    whole = list(run(spec, 0, datasets_dir=Path(), plan=plan))
    begun, first = (next(o.done for o in outputs if isinstance(o, Progress)) for outputs in (rest, whole))
    assert begun > first
    mine, theirs = ([o for o in outputs if isinstance(o, Measured | Tensors)] for outputs in (rest, whole))
    logged_before, theirs = theirs[: -len(mine)], theirs[-len(mine) :]
    assert sum(o.rows if isinstance(o, Measured) else 1 for o in logged_before) == saved.next_ordinal
    assert [heading(o) for o in mine] == [heading(o) for o in theirs]
    # Another machine may round otherwise than the one that began.
    for one, other in zip(mine, theirs, strict=True):
        if isinstance(one, Measured) and isinstance(other, Measured):
            for column, values in one.columns.items():
                assert values == pytest.approx(other.columns[column], rel=1e-3, abs=1e-3, nan_ok=True), column


def heading(output: Measured | Tensors) -> tuple[Any, ...]:
    if isinstance(output, Measured):
        return output.series, output.key, output.columns.get("step")
    return output.name, output.key


def test_the_only_unfinished_training_had_no_number() -> None:
    """Early documents of version 2 held one, not a list; losses since the last evaluation went by another name."""
    key = ErasureKey(width=8, image="none", optimizer="adam", lr=0.003).model_dump()
    state = {"done": [], "midway": {"place": key, "course": {"step": 3}, "optimizers": [], "lost": None}}
    tensors = {"network/a": torch.ones(2), "course/losses": torch.zeros(3)}
    spec = VERSION_2.left(VERSION_2.answers["runs"]["unfinished"]).spec
    document, own = up_to_date({"version": 2, "state": state}, tensors, spec)
    (training,) = training_checkpoint.unpack_all(document["state"]["unfinished"], own, ErasureKey)
    assert (training.key.model_dump(), training.step) == (key, 3)
    assert {part: list(training.part(part)) for part in ("network", "loop")} == {"network": ["a"], "loop": ["losses"]}
