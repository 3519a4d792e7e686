"""Two webs and four workers on servers of their own: one of each is killed, one is cut off, one has a wrong clock.

Nothing is lost, nothing is done twice, and each run has the bits that it has without all that.
"""

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from s3fs import S3FileSystem

from app import broker
from app.contract.experiment import Experiment
from app.records import Shard
from tests.lab import ENDED, dense, results, small_spec, until
from tests.s3 import S3
from tests.soak.follower import Follower
from tests.soak.machines import AN_HOUR_AHEAD, Machine, Network

CUT_S = float(os.environ.get("SOAK_CUT_S") or 20)
"""How long one worker is cut off; longer than a lease."""
SPECS: list[Experiment] = [
    small_spec(steps=steps, levels=2, replicates=2, branches=[{"kind": "reinit", "draws": 1}]) for steps in (100, 400)
]


@pytest.fixture
def network(tmp_path: Path, datasets_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Network]:
    s3 = S3(tmp_path)
    for name, value in s3.env.items():
        monkeypatch.setenv(name, value)
    S3FileSystem.clear_instance_cache()
    network = Network(tmp_path, datasets_dir, s3)
    yield network
    network.close()
    s3.close()
    S3FileSystem.clear_instance_cache()


def _submit(network: Network, spec: Experiment, name: str) -> str:
    run_id = network.store.create_run(spec, name=name).id
    network.queue.announce(["cpu"])
    return run_id


def _end(network: Network, run_ids: list[str], timeout_s: float) -> None:
    until(lambda: all(network.store.run(run_id).state in ENDED for run_id in run_ids), timeout_s)
    assert {network.store.run(run_id).state: network.store.run(run_id).error for run_id in run_ids} == {
        "finished": None
    }


def _shards(network: Network, run_ids: list[str]) -> list[Shard]:
    return [shard for run_id in run_ids for shard in network.store.shards(run_id)]


@pytest.mark.timeout(400)
def test_what_happens_to_one_machine_changes_no_result(network: Network) -> None:
    began = datetime.now(UTC)
    with ExitStack() as stack:

        def machine(name: str, **env: str) -> Machine:
            return stack.enter_context(closing(Machine(network, name, **env)))

        webs = [machine("web-a"), machine("web-b")]
        for web in webs:
            web.start_web(broker.free_port())
        plain, killed, cut = machine("plain"), machine("killed"), machine("cut")
        ahead = machine("ahead", **AN_HOUR_AHEAD)
        for worker in (plain, killed, cut, ahead):
            worker.start_worker()
        first = [_submit(network, spec, "undisturbed") for spec in SPECS]
        _end(network, first, 120)

        again = [_submit(network, spec, "disturbed") for spec in SPECS for _ in range(2)]
        followers = [stack.enter_context(closing(Follower(webs[n % 2].port, run))) for n, run in enumerate(again)]
        until(lambda: cut.worker_id in {shard.worker for shard in _shards(network, again)}, 60)
        cut_id = cut.worker_id
        lost = [shard.id for shard in _shards(network, again) if shard.worker == cut_id and shard.state == "running"]
        ahead_id = ahead.worker_id
        cut.cut()
        cut_at = time.monotonic()
        webs[0].kill()
        killed.kill()
        network.restart_broker()
        webs[0].start_web(webs[0].port)
        until(lambda: time.monotonic() - cut_at > CUT_S, CUT_S + 5)
        cut.mend()
        until(lambda: bool(cut.worker_id), 30)
        # As at an update: one ends, and comes back.
        ahead.stop()
        ahead.start_worker()
        _end(network, again, 200)
        until(
            lambda: all(f.last_seq == network.store.run(run).last_seq for f, run in zip(followers, again, strict=True)),
            20,
        )

        expected = [results(network.store, run_id) for run_id in first for _ in range(2)]
        for run_id, follower, result in zip(again, followers, expected, strict=True):
            assert results(network.store, run_id) == result
            assert dense(network.store, run_id)
            events = network.store.events(run_id, limit=100_000)
            log = [(event.seq, event.event["kind"]) for event in events]
            assert [(event["seq"], event["kind"]) for event in follower.seen] == log
            assert sum(kind == "finished" for _, kind in log) == len(network.store.shards(run_id))
            assert all(began < event.at < datetime.now(UTC) for event in events)  # the database's clock, whoever wrote
            for artifact in network.store.artifacts(run_id):
                network.store.artifacts_store.check(artifact.id)
        assert lost
        assert all(shard.attempt > 1 for shard in _shards(network, again) if shard.id in lost)
        starts = [start for run_id in (*first, *again) for start in network.store.starts(run_id)]
        assert {ahead_id, cut_id} <= {start.event["worker"] for start in starts}
