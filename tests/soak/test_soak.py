"""SIGKILLs at random moments leave runs of many short shards as if nothing had happened.

`make soak` makes it longer, `make soak KILLS=300 SEED=7` longer still and other; as a part of `make test` it is short
enough for every day.
"""

import itertools
import os
from contextlib import ExitStack, closing, suppress

import psutil
import pytest

from app.contract.experiment import Experiment
from app.kinds.erasure.spec import ErasureSpec
from tests.lab import ENDED, Lab, dense, results, small_spec, until
from tests.soak.chaos import SLOTS, Chaos
from tests.soak.follower import Follower

KILLS = int(os.environ.get("SOAK_KILLS") or 0)
"""How often each of the two tests kills; where nothing is said, FEW."""
FEW = {1: 2, 4: 3}
"""Five in all, by how many networks a worker trains at once."""
WORKERS = {1: 2, 4: 2 if KILLS else 1}
"""To start one takes four seconds of processor time."""
SEED = int(os.environ.get("SOAK_SEED") or 1)
LIVE = 2
"""So many runs at least have not ended while there are kills to come; a replicate takes a second or two."""


def erasure(replicates: int) -> ErasureSpec:
    return ErasureSpec.model_validate(
        {
            "kind": "erasure",
            "dataset": {"kind": "digits"},
            "widths": (32,),
            "optimizers": [{"kind": "sgd", "lrs": (0.5,)}, {"kind": "adam", "lrs": (0.003,)}],
            "steps": 60,
            "batch_size": 64,
            "replicates": replicates,
        }
    )


def lottery(replicates: int, draws: int) -> Experiment:
    branches = [{"kind": "reinit", "draws": draws}]
    return small_spec(steps=80, levels=2, replicates=replicates, branches=branches)


SPECS: dict[int, list[Experiment]] = {
    1: [lottery(3, 1), erasure(2)],
    # Four replicates, or two trainings of a level of two replicates each, or a rate and its twin.
    4: [lottery(4, 1), lottery(2, 3), erasure(2)],
}
"""By how many networks a worker trains at once."""


@pytest.fixture(params=SPECS, ids="together={}".format)
def specs(request: pytest.FixtureRequest, lab: Lab) -> list[Experiment]:
    lab.env["TICKETSCOPE_TOGETHER"] = str(request.param)
    return SPECS[request.param]


@pytest.fixture
def undisturbed(lab: Lab, specs: list[Experiment]) -> list[tuple[object, object]]:
    """What each spec gives when nothing is killed."""
    lab.start_broker()
    lab.start_web()
    for _ in range(WORKERS[int(lab.env["TICKETSCOPE_TOGETHER"])]):
        lab.start_worker(SLOTS)
    run_ids = [lab.submit(spec) for spec in specs]
    assert {run.state for run in lab.ends(run_ids, 120)} == {"finished"}
    return [results(lab.store, run_id) for run_id in run_ids]


@pytest.mark.timeout(240 + 10 * KILLS)
def test_random_kills_change_nothing(
    lab: Lab, specs: list[Experiment], undisturbed: list[tuple[object, object]]
) -> None:
    together = int(lab.env["TICKETSCOPE_TOGETHER"])
    kills = KILLS or FEW[together]
    chaos = Chaos(lab, SEED)
    turns = itertools.cycle(range(len(specs)))
    followed: dict[str, Follower] = {}
    expected: dict[str, int] = {}
    with ExitStack() as stack:
        while chaos.killed.total() < kills:
            while sum(lab.store.run(run_id).state not in ENDED for run_id in followed) < LIVE:
                turn = next(turns)
                run_id = lab.submit(specs[turn])
                expected[run_id] = turn
                followed[run_id] = stack.enter_context(closing(Follower(lab.web_port, run_id)))
            chaos.strike()
        runs = lab.ends(list(followed), 120)
        until(lambda: all(followed[run.id].last_seq == run.last_seq for run in runs), 20)

    connected = sum(follower.connected for follower in followed.values())
    print(f"\nseed {SEED}: {kills} kills {dict(chaos.killed)}, {chaos.spared} on a last try and spared; ", end="")
    print(f"{len(runs)} runs, {connected} connections")
    assert {run.state: run.error for run in runs} == {"finished": None}
    for run in runs:
        assert results(lab.store, run.id) == undisturbed[expected[run.id]]
        assert dense(lab.store, run.id)
        log = [(event.seq, event.event["kind"]) for event in lab.store.events(run.id, limit=100_000)]
        assert [(event["seq"], event["kind"]) for event in followed[run.id].seen] == log
        assert sum(kind == "finished" for _, kind in log) == len(lab.store.shards(run.id))
    plans = [start.event["plan"] for run in runs for start in lab.store.starts(run.id)]
    assert any(plan["replicates"] > 1 for plan in plans) == (together > 1)
    assert any(plan.get("stack_groups") for plan in plans) == (together > 1)
    until(lambda: not strays(lab), 10)
    # What the killed have half written or no longer need goes; what a run has saved stays, whole.
    lab.store.sweep_artifacts(0.0)
    for run in runs:
        for artifact in lab.store.artifacts(run.id):
            lab.store.artifacts_store.get(artifact.id)


def strays(lab: Lab) -> list[psutil.Process]:
    """Processes that somebody who was killed has left behind."""
    living = [psutil.Process(known.pid) for known in (*lab.workers, lab.web) if known is not None]
    known = {*living, *(child for process in living for child in process.children(recursive=True))}
    return [process for process in psutil.process_iter() if process not in known and _of(lab, process)]


def _of(lab: Lab, process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return process.environ().get("TICKETSCOPE_DATA_DIR") == str(lab.folder)
    return False
