"""What a far store of artifacts costs a training: how long it waits for its files, in the time it takes.

The shard is that of `live_cost`: LeNet-300-100 on MNIST, dense and one ticket, 6,000 steps each, a checkpoint every 15
s. Its artifacts are on a server that speaks S3, once near and once behind a cable on which each request takes 100 ms
longer. A training waits while the log or a checkpoint needs a file that is on its way.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast
from unittest.mock import patch

from s3fs import S3FileSystem

from app.settings import Settings
from app.store import Store
from benchmarks.datasets import DATASETS_DIR
from benchmarks.live_cost import STEPS, spec
from tests.cable import Cable
from tests.s3 import S3, environment
from workers.child import Attempt
from workers.job import Job
from workers.parent import Parent
from workers.saves import Saves

NAME = "artifact_latency"
BOUND = 1.02
"""Time of the training with the far store over that with the near one."""

LATENCY_S = 0.1


def measure() -> float:
    """Return the ratio, after a short shard to warm up."""
    with TemporaryDirectory(prefix="ticketscope-") as folder:
        s3 = S3(Path(folder))
        cable = Cable(s3.port, LATENCY_S)
        try:
            _waited(Path(folder) / "warm", s3.url, s3.port, 1)
            near_s, _ = _waited(Path(folder) / "near", s3.url, s3.port, STEPS)
            far_s, took_s = _waited(Path(folder) / "far", s3.url, cable.port, STEPS)
        finally:
            cable.close()
            s3.close()
    return took_s / (took_s - far_s + near_s)


def _waited(data_dir: Path, artifacts_url: str, port: int, steps: int) -> tuple[float, float]:
    """Return the seconds that a shard waited for its files, and the seconds that it took."""
    settings = Settings(data_dir=data_dir, datasets_dir=DATASETS_DIR, artifacts_url=f"{artifacts_url}/{data_dir.name}")
    with patch.dict(os.environ, environment(port)), _waits() as waits:
        S3FileSystem.clear_instance_cache()
        store = Store(settings.resolved_database_url, settings.resolved_artifacts_url)
        store.migrate()
        store.create_run(spec(steps), name=data_dir.name)
        claim = store.claim("cpu", "a benchmark")
        assert claim is not None
        began = time.perf_counter()
        list(Attempt(Job(claim, settings, "a benchmark", "cpu"), cast(Parent, _Unhurried())).work())
        took_s = time.perf_counter() - began
        assert store.run(claim.run_id).state == "finished"
        store.close()
    return sum(waits), took_s


@contextmanager
def _waits() -> Iterator[list[float]]:
    """Collect the seconds of each wait for files."""
    waits: list[float] = []

    def timed(method: Callable[[Saves], None]) -> Callable[[Saves], None]:
        def wait(saves: Saves) -> None:
            began = time.perf_counter()
            method(saves)
            waits.append(time.perf_counter() - began)

        return wait

    # `commit` waits through `wait` too, and then writes to the database, which is not asked about here.
    with patch.object(Saves, "wait", timed(Saves.wait)):
        yield waits


class _Unhurried:
    """A supervisor that gives no orders."""

    order = None

    def hear(self, *_: object) -> None:
        return None
