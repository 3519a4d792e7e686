"""Real Valkey, real Celery worker, real children: what happens to a run in fair weather and foul."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import Lab, alive, dense, results, small_spec, until, within
from workers import checkpoints


@pytest.fixture(scope="module")
def at_work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A lab at work, with one slot; its copy of MNIST is damaged."""
    folder = tmp_path_factory.mktemp("lab")
    lab = Lab(folder, _damaged(folder / "datasets"))
    lab.start_broker()
    yield lab
    lab.close()


@pytest.fixture
def running(at_work: Lab) -> Lab:
    """The same, with a worker, whatever the test before did to its own."""
    at_work.worker()
    return at_work


def _damaged(datasets: Path) -> Path:
    (datasets / "mnist").mkdir(parents=True)
    for part in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        (datasets / "mnist" / f"{part}-ubyte.gz").write_bytes(b"not a data set")
    return datasets


def test_an_announced_run_is_finished(running: Lab) -> None:
    run_id = running.submit(small_spec(replicates=2))
    (run,) = running.ends([run_id])
    assert run.state == "finished"
    assert running.count(run_id, "finished") == 2
    assert dense(running.store, run_id)
    assert run.provenance["layers"][0] == {"name": "fc1", "shape": [300, 64]}
    measured = [speed for speed in running.store.speeds() if speed not in running.speeds]
    assert [(speed.model, speed.dataset, speed.device) for speed in measured] == [("lenet_300_100", "digits", "cpu")]


def test_a_warm_worker_says_started_within_a_second_and_a_half(running: Lab) -> None:
    def start() -> float:
        running.ends([running.submit(small_spec(steps=20, levels=1))])
        run_id = running.submit(small_spec(steps=20, levels=1))
        return until(lambda: running.count(run_id, "started") == 1)

    assert within(1.5, start)


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="needs Linux's list of a process's libraries")
def test_a_worker_that_has_trained_has_no_torch(running: Lab) -> None:
    running.ends([running.submit(small_spec(steps=20, levels=1))])
    assert "libtorch" not in Path(f"/proc/{running.worker().pid}/maps").read_text()


def test_a_killed_child_runs_again_in_place_to_the_same_bits(running: Lab) -> None:
    spec = small_spec(steps=200, levels=1)
    undisturbed = running.submit(spec)
    running.ends([undisturbed])

    def kill() -> float:
        run_id = running.submit(spec)
        until(lambda: len(running.store.artifacts(run_id)) > 2)
        (child,) = running.children()
        child.kill()
        again_s = until(lambda: running.count(run_id, "started") == 2)
        (run,) = running.ends([run_id])
        assert run.state == "finished"
        (failed,) = [event.event for event in running.store.events(run_id) if event.event["kind"] == "failed"]
        assert "SIGKILL" in failed["reason"]
        assert results(running.store, run_id) == results(running.store, undisturbed)
        assert dense(running.store, run_id)
        return again_s

    assert within(2, kill)


@pytest.mark.parametrize("hears", [True, False])
def test_cancel_takes_at_most_two_seconds_whether_the_child_hears_or_not(running: Lab, hears: bool) -> None:
    def cancel() -> float:
        run_id = running.submit(small_spec(steps=20_000))
        until(lambda: running.count(run_id, "measured") > 0)
        if not hears:
            running.children()[0].suspend()
        running.store.cancel_run(run_id)
        ended_s = until(lambda: running.store.run(run_id).state == "cancelled")
        until(lambda: not running.children())
        return ended_s

    assert within(2, cancel)


def test_sigterm_hands_the_shard_back_and_the_next_worker_goes_on(running: Lab) -> None:
    lab = running
    run_id = lab.submit(small_spec(steps=250, levels=1))
    until(lambda: lab.count(run_id, "artifact_saved") > 0)
    worker = lab.worker()
    os.killpg(worker.pid, signal.SIGTERM)  # the whole group, as a service manager does
    assert worker.wait(10) == 0
    assert lab.store.run(run_id).state == "queued"
    assert lab.count(run_id, "failed") == 0
    assert lab.store.workers() == []
    lab.worker()
    (run,) = lab.ends([run_id])
    assert run.state == "finished"
    assert lab.count(run_id, "started") == 2
    assert dense(lab.store, run_id)


def test_sigterm_saves_a_training_where_it_stands(running: Lab) -> None:
    lab, worker = running, running.worker()
    spec = small_spec(steps=1800, eval_every=900, rewind_step=1790, levels=1, branches=[])
    undisturbed = lab.submit(spec)
    lab.ends([undisturbed])
    run_id = lab.submit(spec)
    # Within the first training, of which the clock alone would save nothing for fifteen seconds.
    until(lambda: 500 < lab.store.run(run_id).progress.done < 1700)
    os.killpg(worker.pid, signal.SIGTERM)
    assert worker.wait(10) == 0
    claim = lab.store.claim("cpu", "a test")
    assert claim is not None
    saved = checkpoints.newest(
        lab.store.artifacts_store, claim.checkpoints, claim.next_ordinal, f"{run_id}/0", claim.spec
    )
    assert saved.state is not None
    assert saved.state["done"] == []
    assert saved.state["unfinished"][0]["loop"]["step"] > 500
    lab.store.release(claim.shard_id, claim.token)
    lab.worker()
    lab.ends([run_id])
    assert results(lab.store, run_id) == results(lab.store, undisturbed)
    assert dense(lab.store, run_id)


def test_a_killed_fork_server_costs_one_try(running: Lab) -> None:
    run_id = running.submit(small_spec(steps=250, levels=1))
    until(lambda: running.count(run_id, "measured") > 0)
    (child,) = running.children()
    server = child.parent()
    assert server is not None
    server.kill()
    (run,) = running.ends([run_id])
    assert run.state == "finished"
    assert not alive(child)
    assert running.count(run_id, "started") == 2
    assert dense(running.store, run_id)


def test_children_end_with_a_killed_worker_and_the_reaper_of_the_web_brings_the_shard_back(running: Lab) -> None:
    lab, worker = running, running.worker()
    lab.start_web()
    run_id = lab.submit(small_spec(steps=250, levels=1))
    until(lambda: lab.count(run_id, "artifact_saved") > 2)
    (child,) = lab.children()
    worker.kill()
    worker.wait()
    assert until(lambda: not alive(child)) < 5
    until(lambda: lab.store.run(run_id).state == "queued", 30)
    lab.kill_web()
    lab.worker()
    (run,) = lab.ends([run_id])
    assert run.state == "finished"
    (failed,) = [event.event for event in lab.store.events(run_id) if event.event["kind"] == "failed"]
    assert "stopped answering" in failed["reason"]
    assert dense(lab.store, run_id)


def test_a_broker_outage_delays_only_what_is_new(running: Lab) -> None:
    first = running.submit(small_spec(steps=300))
    until(lambda: running.count(first, "measured") > 0)
    running.kill_broker()
    second = running.store.create_run(small_spec(), name="while the broker is down").id
    assert not running.queue.announce(["cpu"])
    until(lambda: running.store.run(first).progress.done > 600)
    running.start_broker()
    assert running.queue.announce(["cpu"])
    assert [run.state for run in running.ends([first, second])] == ["finished", "finished"]
    assert running.count(first, "started") == 1


def test_a_poisoned_shard_fails_after_three_tries_with_its_traceback(running: Lab) -> None:
    run_id = running.submit(small_spec(dataset={"kind": "mnist"}))
    (run,) = running.ends([run_id])
    assert run.state == "failed"
    failures = [event.event for event in running.store.events(run_id) if event.event["kind"] == "failed"]
    assert [failure["final"] for failure in failures] == [False, False, True]
    assert "Traceback" in failures[-1]["traceback"]
    assert run.error is not None
    assert "DatasetError" in run.error


def test_a_worker_goes_in_order_while_the_broker_is_away(running: Lab) -> None:
    lab, worker = running, running.worker()
    lab.kill_broker()
    time.sleep(1)
    worker.terminate()
    assert worker.wait(10) == 0
    assert worker.pid not in {known.pid for known in lab.store.workers()}
    lab.start_broker()
