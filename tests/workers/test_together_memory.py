"""Stacks that do not fit into the memory of their device, and errors in a stack."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from app.settings import Settings
from app.store import Store
from tests.lab import dense, small_spec
from workers import child
from workers.job import Job, width
from workers.science.experiments import stacked_trainer
from workers.science.stacked.network import StackedNetwork


class Deaf:
    """A supervisor that gives no orders."""

    order = None

    def hear(self, shard_id: int, progress: object) -> None:
        pass


MOST = 8


def next_job(store: Store, settings: Settings) -> Job:
    claim = store.claim("cpu", "a test")
    assert claim is not None
    wide = width(claim, 4)
    siblings = tuple(store.claim_siblings(claim, wide, "a test"))
    return Job(claim, settings, "a test", "cpu", wide, siblings, MOST // wide)


def test_what_does_not_fit_goes_on_with_half_from_its_checkpoint(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four are too many from the second training on: each pair goes on from there, under a plan that says so."""
    train, trainings = stacked_trainer._train, 0

    def short_of_memory(requests: Any) -> Any:
        nonlocal trainings
        trainings += 1
        if trainings > 1 and next(iter(requests.values())).trainer.slots > 2:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return train(requests)

    monkeypatch.setattr(stacked_trainer, "_train", short_of_memory)
    run_id = store.create_run(small_spec(steps=20, levels=1, branches=[], replicates=4), name="x").id
    settings, parent = Settings(data_dir=tmp_path), Deaf()
    child.run_together(next_job(store, settings), parent)  # type: ignore[arg-type]
    assert {shard.state for shard in store.shards(run_id)} == {"queued"}
    events = [event.event for event in store.events(run_id, limit=1_000)]
    reasons = [event["reason"] for event in events if event["kind"] == "failed"]
    assert len(reasons) == 4
    assert all("4 replicates together do not fit" in reason and "2 are next" in reason for reason in reasons)
    for block in ([0, 1], [2, 3]):
        job = next_job(store, settings)
        assert [claim.replicate for claim in job.claims] == block
        assert job.width == 2
        assert all(claim.checkpoints for claim in job.claims)
        child.run_together(job, parent)  # type: ignore[arg-type]
    assert store.run(run_id).state == "finished"
    plans = [event.event["plan"] for event in store.events(run_id, limit=1_000) if event.event["kind"] == "started"]
    assert [plan["replicates"] for plan in plans] == [4, 4, 4, 4, 2, 2, 2, 2]
    # The dense network was trained once; its log has no row twice.
    assert store.series(run_id, "outcome", level=0).columns["steps"].tolist() == [20.0] * 4
    assert dense(store, run_id)


def test_trainings_of_a_level_are_fewer_before_replicates_are(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two replicates three trainings each are too many, then two, then even one: what was saved is gone on with."""
    train, slots = stacked_trainer._train, list[int]()

    def short_of_memory(requests: Any) -> Any:
        trainer = next(iter(requests.values())).trainer
        slots.append(trainer.slots)
        # Dense, all fit.
        if trainer.first.level > 0 and trainer.slots > 1:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return train(requests)

    monkeypatch.setattr(stacked_trainer, "_train", short_of_memory)
    branches = [{"kind": "reinit", "draws": 1}, {"kind": "shuffled", "draws": 1}]
    spec = small_spec(steps=20, levels=1, branches=branches, rewind_step=5, replicates=2)
    assert spec.stack_groups(4) == ["winning_ticket/0 shuffled/0"]
    run_id = store.create_run(spec, name="x").id
    settings = Settings(data_dir=tmp_path)
    plans = list[tuple[int, int, list[str]]]()
    while (claimed := store.queue_length()["any"]) and len(plans) < 5:
        job = next_job(store, settings)
        plans.append((claimed, job.width, job.stacks))
        if job.stacked:
            child.run_together(job, Deaf())  # type: ignore[arg-type]
        else:
            list(child.Attempt(job, Deaf()).work())  # type: ignore[arg-type]
    assert plans == [(2, 2, spec.stack_groups(4)), (2, 2, []), (2, 1, []), (1, 1, [])]
    assert store.run(run_id).state == "finished"
    assert slots == [2, 4, 2]
    reasons = [e.event["reason"] for e in store.events(run_id, limit=1_000) if e.event["kind"] == "failed"]
    assert ["2 trainings of a replicate together do not fit" in reason for reason in reasons] == [
        True,
        True,
        False,
        False,
    ]
    assert ["2 replicates together do not fit" in reason for reason in reasons] == [False, False, True, True]
    assert dense(store, run_id)
    assert store.series(run_id, "outcome", level=1).columns["steps"].tolist() == [20.0] * 6


def test_one_that_does_not_fit_alone_fails_by_name(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing_fits(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr("workers.science.experiments.trainer.train", nothing_fits)
    run_id = store.create_run(small_spec(), name="x").id
    for _ in range(3):
        job = replace(next_job(store, Settings(data_dir=tmp_path)), at_once=1)
        assert not job.stacked
        list(child.Attempt(job, Deaf()).work())  # type: ignore[arg-type]
    run = store.run(run_id)
    assert run.state == "failed"
    assert run.error is not None
    assert "one replicate does not fit into the memory that is free" in run.error


def test_an_error_of_one_replicate_is_its_own_and_one_of_the_stack_is_everybodys(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, parent = Settings(data_dir=tmp_path), Deaf()
    run_id = store.create_run(small_spec(steps=20, levels=1, branches=[], replicates=2), name="x").id
    job = next_job(store, settings)
    append = Store.append

    def refuse(self: Store, shard_id: int, *rest: Any) -> int:
        if shard_id == job.claim.shard_id:
            raise RuntimeError("not this one")
        return append(self, shard_id, *rest)

    with monkeypatch.context() as patched:
        patched.setattr(Store, "append", refuse)
        child.run_together(job, parent)  # type: ignore[arg-type]
    assert [shard.state for shard in store.shards(run_id)] == ["queued", "finished"]

    def break_down(self: StackedNetwork, x: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("the stack broke")

    monkeypatch.setattr(StackedNetwork, "__call__", break_down)
    run_id = store.create_run(small_spec(steps=20, levels=1, branches=[], replicates=2), name="y").id
    while (job := next_job(store, settings)).claim.run_id != run_id:
        pass
    child.run_together(job, parent)  # type: ignore[arg-type]
    failed = [event.event for event in store.events(run_id) if event.event["kind"] == "failed"]
    assert [(event["replicate"], event["reason"]) for event in failed] == [
        (0, "RuntimeError: the stack broke"),
        (1, "RuntimeError: the stack broke"),
    ]
    assert all("break_down" in event["traceback"] for event in failed)


def test_a_shard_that_somebody_else_has_leaves_the_others_alone(store: Store, tmp_path: Path) -> None:
    run_id = store.create_run(small_spec(steps=20, levels=1, branches=[], replicates=3), name="x").id
    job = next_job(store, Settings(data_dir=tmp_path))
    store.release(job.claim.shard_id, job.claim.token)
    child.run_together(job, Deaf())  # type: ignore[arg-type]
    assert [shard.state for shard in store.shards(run_id)] == ["queued", "finished", "finished"]
    assert {event.replicate for event in store.events(run_id, limit=1_000)} == {None, 1, 2}
