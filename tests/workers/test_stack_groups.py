"""An erasure in a worker, several of its cells at once: the log in order, through kills, cancels and want of memory."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from app.contract.outputs import Rows
from app.settings import Settings
from app.store import Store
from tests.app.erased_run import erasure_spec
from tests.lab import Lab, dense, results, until
from tests.workers.test_together_memory import Deaf
from workers import child
from workers.job import Job
from workers.science.experiments import erasure
from workers.science.train import loop

SPEC = erasure_spec({"adam": (0.001, 0.003, 0.01)}, steps=20)


def work(store: Store, folder: Path, together: int) -> None:
    """One attempt at the shard that is next."""
    claim = store.claim("cpu", "a test")
    assert claim is not None
    job = Job(claim, Settings(data_dir=folder, checkpoint_s=0), "a test", "cpu", at_once=together)
    if job.stacked:
        child.run_together(job, Deaf())  # type: ignore[arg-type]
    else:
        list(child.Attempt(job, Deaf()).work())  # type: ignore[arg-type]


def plans(store: Store, run_id: str) -> list[int]:
    """How many trainings at once each attempt was to make at most."""
    starts = [event.event for event in store.events(run_id, limit=10_000) if event.event["kind"] == "started"]
    return [max((len(stack.split()) for stack in start["plan"].get("stack_groups", ())), default=1) for start in starts]


def alike(store: Store, one: str, other: str) -> None:
    """Both have the same rows and artifacts, in the same order, with the same numbers up to rounding."""
    mine, theirs = store.outputs(one, 0), store.outputs(other, 0)
    assert list(mine) == list(theirs)
    for key, rows in mine.items():
        if key.sort == "rows" and key.name in ("erasure", "ending"):
            others = theirs[key]
            assert isinstance(rows, Rows)
            assert isinstance(others, Rows)
            np.testing.assert_allclose(rows.table, others.table, rtol=1e-2, atol=1e-2)


def test_the_log_is_the_same_however_many_are_trained_at_once(store: Store, tmp_path: Path) -> None:
    ids = {}
    for together in (1, 4, 6):
        ids[together] = store.create_run(SPEC, name=f"{together}").id
        work(store, tmp_path, together)
        assert store.run(ids[together]).state == "finished"
        assert dense(store, ids[together])
        alike(store, ids[together], ids[1])
    assert [plans(store, run_id) for run_id in ids.values()] == [[1], [3], [6]]


def test_what_does_not_fit_goes_on_with_half_from_its_checkpoint(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Six are too many after step 12, and three after step 15: from there the first three go on one by one."""
    whole = store.create_run(SPEC, name="whole").id
    work(store, tmp_path, 1)
    monkeypatch.setattr(loop, "TICK_S", 0.0)
    train, began, last = loop.train, list[int](), {6: 12, 3: 15}

    def short_of_memory(layout: Any, optimizers: Any, feed: Any, states: Any, *rest: Any, **knobs: Any) -> Any:
        if layout.slots > 1:
            began.append(next(iter(states.values())).step)
        for event in train(layout, optimizers, feed, states, *rest, **knobs):
            yield event
            if all(state.step == last.get(layout.slots) for state in states.values()):
                raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(erasure, "train", short_of_memory)
    run_id = store.create_run(SPEC, name="x").id
    for _ in range(3):
        work(store, tmp_path, 6)
    assert store.run(run_id).state == "finished"
    # What was trained is not trained again: the last checkpoint lies just before the memory ends.
    assert began == [0, 12]
    assert plans(store, run_id) == [6, 3, 1]
    failed = [event.event for event in store.events(run_id, limit=10_000) if event.event["kind"] == "failed"]
    assert [event["reason"].partition(":")[0] for event in failed] == [
        "6 trainings of a replicate together do not fit into the memory; 3 are next",
        "3 trainings of a replicate together do not fit into the memory; 1 are next",
    ]
    assert dense(store, run_id)
    alike(store, run_id, whole)


def test_killed_and_cancelled_in_the_middle_it_ends_in_the_same_bits(lab: Lab) -> None:
    """By then the first cell has told a part of its own, and of the others nothing may stand in the log."""
    lab.env |= {"TICKETSCOPE_TOGETHER": "6", "TICKETSCOPE_CHECKPOINT_S": "0.2"}
    lab.start_broker()
    lab.start_worker()
    spec = erasure_spec({"adam": (0.001, 0.003, 0.01)}, steps=4_000)
    undisturbed = lab.submit(spec)
    lab.ends([undisturbed], 120)
    run_id = lab.submit(spec)

    def halfway(share: float) -> bool:
        return lab.store.run(run_id).progress.done > share * spec.units_per_replicate

    until(lambda: halfway(0.4), 60)
    (process,) = lab.children()
    process.kill()
    until(lambda: halfway(0.7), 60)
    assert {cell.key for cell in spec.cells()} & {key.training for key in lab.store.outputs(run_id, 0)} == {
        next(spec.cells()).key
    }
    lab.store.cancel_run(run_id)
    assert until(lambda: lab.store.run(run_id).state == "cancelled") < 2
    lab.store.resume_run(run_id)
    lab.queue.announce(["cpu"])
    (run,) = lab.ends([run_id], 120)
    assert run.state == "finished"
    assert lab.count(run_id, "failed") == 1
    assert plans(lab.store, run_id) == [6, 6, 6]
    assert results(lab.store, run_id) == results(lab.store, undisturbed)
    assert dense(lab.store, run_id)
