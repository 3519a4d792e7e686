"""What the live pipeline costs: a training in a worker's child against the same generator consumed bare.

LeNet-300-100 on MNIST at batch 128, Adam: the dense network and one ticket, 6,000 steps each, evaluated every 100. The
live one is a shard as a worker does it: events, artifacts, a checkpoint every 15 s and wake-ups by the child, heartbeat
by the supervisor, whose own time counts as well. The bare one is the same experiment under the same numeric pin, forked
from the same fork server; nothing is done with what it yields, and it saves no half of a training. Both run at the same
time, so that whatever else the machine does slows both alike. What each needs before its first step, such as reading
MNIST, is taken out: it is measured in trainings of a single step.

`python -m benchmarks.live_cost` also prints the ratio of wall-clock times, which needs two idle cores.
"""

import os
import time
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import psutil

from app.contract.lottery import LotterySpec
from app.queue import Queue
from app.settings import Settings
from app.store import Store
from benchmarks.server import valkey
from workers.forkserver import end, spawn, warm
from workers.job import DONE, Job
from workers.supervisor import Supervisor

NAME = "live_cost"
BOUND = 1.02
"""Processor time of the live training over that of the bare one."""

ROUNDS, STEPS = 3, 6_000
SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


class Spent(NamedTuple):
    """Seconds of processor time and of the clock."""

    processor: float
    wall: float


def measure() -> float:
    """Ratio of processor times."""
    return ratios().processor


def ratios() -> Spent:
    """Live over bare: median over the rounds."""
    datasets_dir = Path(os.environ.get("TICKETSCOPE_DATASETS_DIR", SHARED_DATA))
    with TemporaryDirectory(prefix="ticketscope-") as folder, valkey(Path(folder)) as broker_url:
        settings = Settings(data_dir=Path(folder), datasets_dir=datasets_dir, broker_url=broker_url)
        store = Store(settings.resolved_database_url, settings.resolved_artifacts_url)
        store.migrate()
        warm()
        side_by_side(settings, store, spec(1))
        rounds = []
        for _ in range(ROUNDS):
            start, whole = (side_by_side(settings, store, spec(steps)) for steps in (1, STEPS))
            rounds.append(Spent(*(_ratio(start, whole, column) for column in range(2))))
        store.close()
    return Spent(*(median(column) for column in zip(*rounds, strict=True)))


def spec(steps: int) -> LotterySpec:
    """One replicate with trainings of so many steps."""
    return LotterySpec.model_validate(
        {
            "kind": "lottery",
            "dataset": {"kind": "mnist"},
            "model": {"kind": "lenet_300_100"},
            "optimizer": {"kind": "adam"},
            "steps": steps,
            "batch_size": 128,
            "eval_every": min(steps, 100),
            "pruning": {"kind": "layerwise_magnitude"},
            "levels": 1,
            "replicates": 1,
            "sparse_training": "off",
        }
    )


def side_by_side(settings: Settings, store: Store, spec: LotterySpec) -> tuple[Spent, Spent]:
    """What the live and the bare training take, each in a child, at the same time."""
    (server,) = [process for process in psutil.Process().children() if "forkserver" in " ".join(process.cmdline())]

    def processor() -> float:
        # What a child spent is its parent's to tell, once it has ended.
        children = server.cpu_times()
        return time.process_time() + children.children_user + children.children_system

    began, began_at = processor(), time.perf_counter()
    child, connection = spawn("benchmarks.live_cost:consume", settings.resolved_datasets_dir, spec)
    supervise(settings, store, spec)
    wall = time.perf_counter() - began_at
    bare: Spent = connection.recv()
    child.join()
    assert end(child) == DONE
    connection.close()
    return Spent(processor() - began - bare.processor, wall), bare


def _ratio(start: tuple[Spent, Spent], whole: tuple[Spent, Spent], column: int) -> float:
    live, bare = (after[column] - before[column] for before, after in zip(start, whole, strict=True))
    return live / bare


def supervise(settings: Settings, store: Store, spec: LotterySpec) -> None:
    """A shard, from its claim to its end, as a slot of a worker sees it through."""
    run_id = store.create_run(spec, name=NAME).id
    claim = store.claim("cpu", NAME)
    assert claim is not None
    queue = Queue(settings.broker_url)
    Supervisor(store, queue, Job(claim, settings, NAME, "cpu"), lambda: False).run()
    queue.close()
    assert store.run(run_id).state == "finished"


def consume(connection: "Connection[Any, Any]", datasets_dir: Path, spec: LotterySpec) -> int:
    """In a child: take all that the experiment yields, and say what that took."""
    from workers import numerics
    from workers.science.experiments.lottery import run
    from workers.science.experiments.midway import Clock

    began_at = time.perf_counter()
    numerics.pin()
    for _output in run(spec, 0, datasets_dir=datasets_dir, clock=Clock(3_600)):
        pass
    connection.send(Spent(time.process_time(), time.perf_counter() - began_at))
    return DONE


if __name__ == "__main__":
    print("live over bare: {:.4f} of processor time, {:.4f} of the clock".format(*ratios()))
