"""Several replicates in one child of a real worker: as good as apart, through kills, cancels and want of memory."""

import json
import os
import signal
from collections.abc import Iterator
from math import isnan
from pathlib import Path
from typing import Any

import pytest

from app.store import CheckpointRef, Claim
from tests.lab import Lab, dense, results, small_spec, until
from workers import checkpoints
from workers.job import width

THREE = small_spec(steps=120, eval_every=60, levels=1, replicates=3)
OFTEN = {"TICKETSCOPE_TOGETHER": "4", "TICKETSCOPE_CHECKPOINT_S": "0.2"}
"""Of a worker that trains four at once and saves them five times a second."""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A lab with one slot; each test has the worker that it needs."""
    lab = Lab(tmp_path_factory.mktemp("lab"), Path())
    lab.start_broker()
    yield lab
    lab.close()


@pytest.fixture
def running(lab: Lab) -> Lab:
    """The same at work, training up to six replicates together."""
    lab.worker(TICKETSCOPE_TOGETHER="6")
    return lab


@pytest.fixture(scope="module")
def undisturbed(lab: Lab) -> str:
    """A run of three replicates that nobody disturbed."""
    lab.worker(TICKETSCOPE_TOGETHER="6")
    run_id = lab.submit(THREE)
    (run,) = lab.ends([run_id])
    assert run.state == "finished"
    return run_id


def started(lab: Lab, run_id: str) -> list[dict[str, Any]]:
    return [event.event for event in lab.store.events(run_id, limit=10_000) if event.event["kind"] == "started"]


def test_a_claim_is_as_wide_as_its_plan_or_else_as_the_run_allows() -> None:
    claim = Claim(1, "token", "run", THREE, 0, 1, None, [], 0)
    assert width(claim, 8) == 3
    assert width(claim, 2) == 2
    muon = small_spec(replicates=3, optimizer={"kind": "muon"})
    assert width(Claim(1, "token", "run", muon, 0, 1, None, [], 0), 8) == 1
    sam = small_spec(replicates=3, optimizer={"kind": "sam"})
    assert width(Claim(1, "token", "run", sam, 0, 1, None, [], 0), 8) == 1
    assert width(Claim(1, "token", "run", THREE, 0, 1, {"replicates": 2}, [], 0), 8) == 2
    assert width(Claim(1, "token", "run", THREE, 0, 1, {"threads": 1}, [], 0), 8) == 1


def test_all_replicates_of_a_run_finish_in_one_child(running: Lab, undisturbed: str) -> None:
    assert [(event["replicate"], event["attempt"], event["plan"]["replicates"]) for event in started(
        running, undisturbed
    )] == [(0, 1, 3), (1, 1, 3), (2, 1, 3)]  # fmt: skip
    # Each has masks of its own, so that a stack is dense at every level.
    assert [event["plan"]["tuned"] for event in started(running, undisturbed)] == [{"csr_below": 0.0}] * 3
    assert running.count(undisturbed, "finished") == 3
    assert dense(running.store, undisturbed)
    progress = running.store.run(undisturbed).progress
    assert progress.done == progress.total == 3 * THREE.units_per_replicate
    # The time of a step in a stack is nobody's own: it tells nothing to estimates.
    assert running.store.speeds() == running.speeds


def test_trainings_of_a_level_share_the_stack_where_it_has_room(running: Lab, undisturbed: str) -> None:
    """Two of each of three replicates, or all of one; told in the order of one after the other."""
    keys = [f"{key.control}/{key.draw}" for key, _ in THREE.parts() if key.level == 1]
    assert [event["plan"]["stack_groups"] for event in started(running, undisturbed)] == [THREE.stack_groups(2)] * 3
    run_id = running.submit(small_spec(replicates=1))
    (run,) = running.ends([run_id])
    assert run.state == "finished"
    assert [event["plan"]["stack_groups"] for event in started(running, run_id)] == [[" ".join(keys)]]
    outcomes = running.store.events(run_id, limit=10_000)
    told = [e.event["key"] for e in outcomes if e.event["kind"] == "measured" and e.event["series"] == "outcome"]
    assert told == [key.model_dump() for key, _ in small_spec().parts()]
    assert dense(running.store, run_id)
    assert running.store.speeds() == running.speeds


def test_what_cannot_be_stacked_is_trained_alone(running: Lab) -> None:
    run_id = running.submit(small_spec(steps=20, levels=1, replicates=2, optimizer={"kind": "muon"}))
    (run,) = running.ends([run_id])
    assert run.state == "finished"
    assert [event["plan"]["replicates"] for event in started(running, run_id)] == [1, 1]


def test_a_killed_child_runs_again_to_the_same_bits(running: Lab, undisturbed: str) -> None:
    run_id = running.submit(THREE)
    until(lambda: len(running.store.artifacts(run_id)) > 9)
    (process,) = running.children()
    process.kill()
    (run,) = running.ends([run_id])
    assert run.state == "finished"
    assert running.count(run_id, "failed") == 3
    assert results(running.store, run_id) == results(running.store, undisturbed)
    assert dense(running.store, run_id)


def test_cancel_ends_all_within_two_seconds_and_resume_goes_on(running: Lab, undisturbed: str) -> None:
    run_id = running.submit(THREE)
    until(lambda: len(running.store.artifacts(run_id)) > 9)
    running.store.cancel_run(run_id)
    assert until(lambda: running.store.run(run_id).state == "cancelled") < 2
    assert {shard.state for shard in running.store.shards(run_id)} == {"cancelled"}
    running.store.resume_run(run_id)
    running.queue.announce(["cpu"])
    (run,) = running.ends([run_id])
    assert run.state == "finished"
    assert results(running.store, run_id) == results(running.store, undisturbed)


def test_one_that_diverges_ends_by_itself(running: Lab) -> None:
    """At this rate some of six replicates diverge, at steps of their own, and some do not."""
    spec = small_spec(optimizer={"kind": "sgd", "lr": 20.0}, steps=40, levels=1, branches=[], replicates=6)
    run_id = running.submit(spec)
    (run,) = running.ends([run_id])
    assert run.state == "finished"
    assert [event["plan"]["replicates"] for event in started(running, run_id)] == [6] * 6
    steps = [
        running.store.series(run_id, "outcome", replicate=replicate).columns["diverged_step"].tolist()
        for replicate in range(6)
    ]
    ends = [own[-1] for own in steps]
    assert any(isnan(step) for step in ends)
    assert any(step <= 40 for step in ends)
    for own in steps:
        # The dense network's divergence ends the replicate; whoever passed it has a level more.
        assert len(own) == (2 if isnan(own[0]) else 1)


LONG = small_spec(steps=800, eval_every=400, rewind_step=790, levels=1, branches=[], replicates=3)


@pytest.fixture(scope="module")
def whole(lab: Lab) -> tuple[object, object]:
    """What a run of three replicates gives that nobody disturbed."""
    lab.worker(TICKETSCOPE_TOGETHER="6")
    run_id = lab.submit(LONG)
    lab.ends([run_id], 120)
    assert {event["plan"]["replicates"] for event in started(lab, run_id)} == {3}
    return results(lab.store, run_id)


def amid_the_first_training(lab: Lab, steps: int) -> str:
    """A run whose three replicates have made so many steps of their first training."""
    run_id = lab.submit(LONG)
    until(lambda: steps < lab.store.run(run_id).progress.done < 2200, 60)
    return run_id


def test_sigterm_saves_each_training_of_a_stack_where_it_stands(lab: Lab, whole: tuple[object, object]) -> None:
    worker = lab.worker(TICKETSCOPE_TOGETHER="6")
    # Of which the clock alone would save nothing for fifteen seconds.
    run_id = amid_the_first_training(lab, 600)
    os.killpg(worker.pid, signal.SIGTERM)
    assert worker.wait(10) == 0
    claims = [claim for claim in (lab.store.claim("cpu", "a test") for _ in range(3)) if claim is not None]
    assert len(claims) == 3
    for replicate, claim in enumerate(claims):
        name = f"{run_id}/{replicate}"
        saved = checkpoints.newest(lab.store.artifacts_store, claim.checkpoints, claim.next_ordinal, name, claim.spec)
        assert saved.state is not None
        assert saved.state["done"] == []
        assert saved.state["unfinished"][0]["loop"]["step"] > 100
        lab.store.release(claim.shard_id, claim.token)
    lab.worker(TICKETSCOPE_TOGETHER="6")
    lab.ends([run_id], 120)
    assert {event["plan"]["replicates"] for event in started(lab, run_id)} == {3}
    assert results(lab.store, run_id) == whole
    assert dense(lab.store, run_id)


def test_sigterm_gives_all_back_and_another_worker_obeys_the_plan(lab: Lab, undisturbed: str) -> None:
    worker = lab.worker(TICKETSCOPE_TOGETHER="6")
    run_id = lab.submit(THREE)
    until(lambda: len(lab.store.artifacts(run_id)) > 9)
    os.killpg(worker.pid, signal.SIGTERM)
    assert worker.wait(10) == 0
    assert {shard.state for shard in lab.store.shards(run_id)} == {"queued"}
    assert lab.count(run_id, "failed") == 0
    lab.worker(**OFTEN)  # by itself it would train one of each of the three replicates
    (run,) = lab.ends([run_id])
    assert run.state == "finished"
    plans = [event["plan"] for event in started(lab, run_id)]
    assert len(plans) == 6
    assert all((plan["replicates"], plan["stack_groups"]) == (3, THREE.stack_groups(2)) for plan in plans)
    assert results(lab.store, run_id) == results(lab.store, undisturbed)


def test_a_kill_within_a_stacked_training_costs_no_more_than_the_interval(
    lab: Lab, whole: tuple[object, object]
) -> None:
    lab.worker(**OFTEN)
    run_id = amid_the_first_training(lab, 1000)
    (process,) = lab.children()
    process.suspend()
    # What the next attempt goes on from: the first training of each, well under way.
    with lab.store._db.read() as connection:
        query = "SELECT replicate, checkpoints, next_ordinal FROM shards WHERE run_id = ?"
        rows = connection.exec_driver_sql(query, (run_id,)).all()
    for replicate, checkpoints_json, next_ordinal in rows:
        refs = [CheckpointRef(**load) for load in json.loads(checkpoints_json)]
        saved = checkpoints.newest(
            lab.store.artifacts_store, refs, next_ordinal, f"{run_id}/{replicate}", lab.store.run(run_id).spec
        )
        assert saved.state is not None
        assert saved.state["unfinished"][0]["loop"]["step"] > 100
    process.kill()
    lab.ends([run_id], 120)
    assert lab.count(run_id, "failed") == 3
    assert results(lab.store, run_id) == whole
    assert dense(lab.store, run_id)


def test_one_replicate_killed_among_its_controls_runs_again_to_the_same_bits(lab: Lab) -> None:
    lab.worker(**OFTEN)
    spec = small_spec(steps=800, eval_every=400, levels=1, replicates=1)
    undisturbed = lab.submit(spec)
    lab.ends([undisturbed], 120)
    run_id = lab.submit(spec)
    # Well into the level, of which the controls have told nothing yet.
    until(lambda: lab.store.run(run_id).progress.done > 800 + 0.5 * (spec.units_per_replicate - 800), 60)
    (process,) = lab.children()
    process.suspend()
    with lab.store._db.read() as connection:
        query = "SELECT checkpoints, next_ordinal FROM shards WHERE run_id = ?"
        ((checkpoints_json, next_ordinal),) = connection.exec_driver_sql(query, (run_id,)).all()
    refs = [CheckpointRef(**load) for load in json.loads(checkpoints_json)]
    saved = checkpoints.newest(lab.store.artifacts_store, refs, next_ordinal, f"{run_id}/0", spec)
    assert saved.state is not None
    steps = [item["loop"]["step"] for item in saved.state["unfinished"]]
    assert steps == [steps[0]] * len(spec.stack_groups(8)[0].split())
    assert steps[0] > 100
    process.kill()
    lab.ends([run_id], 120)
    assert results(lab.store, run_id) == results(lab.store, undisturbed)
    assert dense(lab.store, run_id)
