"""What the live pipeline costs: processor time outside the experiment over that within it, in one same training.

LeNet-300-100 on MNIST at batch 128, Adam: the dense network and one ticket, 6,000 steps each, evaluated every 100. A
worker runs it as a shard. The child writes events, artifacts, a checkpoint every 15 s and wake-ups; the supervisor
writes heartbeats. What the child spends in the experiment's generator is the training. Whatever else it spends, and all
that the supervisor spends, is the pipeline. Both are read from the processes' own clocks, so that a busy machine moves
the ratio little. That the pipeline throws the training's numbers out of the caches is not in it. What is needed before
the first step, such as reading MNIST, is subtracted: it is measured in trainings of a single step.
"""

import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from unittest.mock import patch

import psutil

from app.kinds.lottery.spec import LotterySpec
from app.queue import Queue
from app.settings import Settings
from app.store import Store
from benchmarks.datasets import DATASETS_DIR
from benchmarks.server import valkey
from workers import supervisor
from workers.forkserver import warm
from workers.job import Job
from workers.supervisor import Supervisor

NAME = "live_cost"
BOUND = 1.02
"""Processor time of training and pipeline over that of the training."""

STEPS = 6_000


class Spent(NamedTuple):
    """Seconds of processor time within the experiment's generator and outside."""

    within: float
    outside: float


def measure() -> float:
    """Return the ratio, after a shard to warm up."""
    with TemporaryDirectory(prefix="ticketscope-") as folder, valkey(Path(folder)) as broker_url:
        settings = Settings(data_dir=Path(folder), datasets_dir=DATASETS_DIR, broker_url=broker_url)
        store = Store(settings.resolved_database_url, settings.resolved_artifacts_url)
        store.migrate()
        warm()
        _, short, long = (supervise(settings, store, spec(steps)) for steps in (1, 1, STEPS))
        store.close()
    return 1 + (long.outside - short.outside) / (long.within - short.within)


def spec(steps: int) -> LotterySpec:
    """Return the spec of one replicate with trainings of so many steps."""
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


def supervise(settings: Settings, store: Store, spec: LotterySpec) -> Spent:
    """Run a shard, from its claim to its end, as a slot of a worker does."""
    (server,) = [process for process in psutil.Process().children() if "forkserver" in " ".join(process.cmdline())]

    def processor() -> float:
        # What a child spent is in its parent's clock, once it has ended.
        children = server.cpu_times()
        return time.process_time() + children.children_user + children.children_system

    run_id = store.create_run(spec, name=NAME).id
    claim = store.claim("cpu", NAME)
    assert claim is not None
    queue = Queue(settings.broker_url)
    began = processor()
    with patch.object(supervisor, "CHILD", "benchmarks.live_cost:main"):
        Supervisor(store, queue, Job(claim, settings, NAME, "cpu"), lambda: False).run()
    spent = processor() - began
    queue.close()
    assert store.run(run_id).state == "finished"
    within = float((settings.data_dir / run_id).read_text())
    return Spent(within, spent - within)


def main(connection: "Connection[Any, Any]", job: Job) -> int:
    """Run a worker's child that also writes down what its experiment's generator takes."""
    from workers import child, speed

    def watched(outputs: Iterator[Any], *how: Any) -> Iterator[Any]:
        seconds = [0.0]
        yield from speed.timed(_clocked(outputs, seconds), *how)
        (job.settings.data_dir / job.claim.run_id).write_text(str(seconds[0]))

    with patch.object(child, "timed", watched):
        return child.main(connection, job)


def _clocked(outputs: Iterator[Any], seconds: list[float]) -> Iterator[Any]:
    while True:
        began = time.thread_time()
        output = next(outputs, None)
        seconds[0] += time.thread_time() - began
        if output is None:
            return
        yield output
