"""Ten SIGKILLs at random moments leave two runs as if nothing had happened."""

import random
import time

import pytest

from tests.lab import ENDED, Lab, alive, dense, results, small_spec, until

KILLS = ["child"] * 6 + ["worker"] * 2 + ["broker"] * 2


class Chaos:
    """Kills, but leaves a run alone until it has passed a checkpoint since it was last hit: three tries are all."""

    def __init__(self, lab: Lab, run_ids: list[str], seed: int) -> None:
        self._lab = lab
        self._passed = dict.fromkeys(run_ids, (0, 0))
        self._random = random.Random(seed)

    def strike(self) -> None:
        kinds = KILLS.copy()
        self._random.shuffle(kinds)
        for kind in kinds:
            time.sleep(self._random.uniform(0.0, 0.3))
            if kind == "broker":
                self._lab.kill_broker()
                time.sleep(self._random.uniform(0.0, 0.5))
                self._lab.start_broker()
            else:
                self._hit(kind)

    def _hit(self, kind: str) -> None:
        until(lambda: bool(self._victims()))
        run_id, pid = self._random.choice(self._victims())
        self._passed[run_id] = self._trainings(run_id), self._starts(run_id)
        children = self._lab.children(pid)
        if kind == "child":
            for child in children:
                child.kill()
        else:
            (worker,) = [worker for worker in self._lab.workers if worker.pid == pid]
            worker.kill()
            worker.wait()
            until(lambda: not any(map(alive, children)), 5)
            self._lab.start_worker(wait=False)  # as `up` does

    def _victims(self) -> list[tuple[str, int]]:
        """Runs that have passed a checkpoint since they were hit, with the process id of their worker."""
        living = {worker.pid for worker in self._lab.workers if worker.poll() is None}
        found = []
        for run_id, (trainings, starts) in self._passed.items():
            (shard,) = self._lab.store.shards(run_id)
            if shard.state == "running" and shard.worker is not None:
                pid = int(shard.worker.split(":")[1])
                # What is killed before it has said that it started would not count as a start.
                passed = self._trainings(run_id) > trainings and self._starts(run_id) > starts
                if pid in living and self._lab.children(pid) and passed:
                    found.append((run_id, pid))
        assert any(self._lab.store.run(run_id).state not in ENDED for run_id in self._passed), "too short to be hit"
        return found

    def _starts(self, run_id: str) -> int:
        return self._lab.count(run_id, "started")

    def _trainings(self, run_id: str) -> int:
        return len(self._lab.store.series(run_id, "outcome"))


@pytest.mark.timeout(300)
def test_ten_random_kills_change_nothing(lab: Lab) -> None:
    specs = [small_spec(steps=200, levels=6, seed=seed) for seed in (1, 2)]
    lab.start_broker()
    for _ in specs:
        lab.start_worker()
    undisturbed = [lab.submit(spec) for spec in specs]
    lab.ends(undisturbed, 120)

    disturbed = [lab.submit(spec) for spec in specs]
    Chaos(lab, disturbed, seed=2).strike()
    runs = lab.ends(disturbed, 120)

    assert [run.state for run in runs] == ["finished", "finished"]
    for before, after in zip(undisturbed, disturbed, strict=True):
        assert results(lab.store, before) == results(lab.store, after)
        assert dense(lab.store, after)
    assert sum(lab.count(run_id, "started") for run_id in disturbed) >= 2 + 8
