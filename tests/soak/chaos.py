"""SIGKILLs at random moments: of children, fork servers, whole workers, the broker, the web, and of all at once."""

import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

import psutil

from app.store.shards import TRIES
from tests.lab import Lab

Worker = subprocess.Popen[bytes]

KINDS = {"child": 10, "server": 2, "whole": 3, "broker": 3, "web": 4, "machine": 2}
"""What is killed, and how often among 24 times."""

SLOTS = 2
"""Trainings at once of each worker."""


class Chaos:
    """Kills at any moment what the store lets it kill.

    Three tries without a new checkpoint are final, so a shard that is killed three times in a row fails, as it should.
    Before a blow all that it would hit is stopped, and the store is asked how many tries its shards have used: what is
    on its last try is spared. Nothing else is looked at: not whether a shard has said that it started, nor what it was
    about to write.
    """

    def __init__(self, lab: Lab, seed: int) -> None:
        self._lab = lab
        self._random = random.Random(seed)
        self.killed: Counter[str] = Counter()
        self.spared = 0

    def strike(self) -> None:
        """Wait a moment, kill one thing, and start it again as `up` does."""
        (kind,) = self._random.choices(list(KINDS), list(KINDS.values()))
        blow: Callable[[], bool] = getattr(self, f"_{kind}")
        self._pause(1.0)
        while not blow():
            self._pause(0.2)
        self.killed[kind] += 1

    def _child(self) -> bool:
        return self._hit_part_of(self._worker(), lambda worker: self._lab.children(worker.pid))

    def _server(self) -> bool:
        return self._hit_part_of(self._worker(), _fork_servers)

    def _worker(self) -> Worker:
        return self._random.choice(self._lab.workers)

    def _hit_part_of(self, worker: Worker, parts: Callable[[Worker], Sequence[psutil.Process]]) -> bool:
        with self._stopped([worker]) as may_be_hit:
            found = parts(worker) if may_be_hit else ()
            if found:
                self._random.choice(found).kill()
            return bool(found)

    def _whole(self) -> bool:
        """A worker by itself: what it forked must notice, or is ended a moment later."""
        worker = self._worker()
        with self._stopped([worker]) as may_be_hit:
            if may_be_hit:
                worker.kill()
        return may_be_hit and self._replace([worker])

    def _machine(self) -> bool:
        workers = self._lab.workers.copy()
        with self._stopped(workers) as may_be_hit:
            if may_be_hit:
                for worker in workers:
                    os.killpg(worker.pid, signal.SIGKILL)
                self._lab.kill_web()
                self._lab.kill_broker()
        if may_be_hit:
            self._lab.start_broker()
            self._lab.start_web()
        return may_be_hit and self._replace(workers)

    def _broker(self) -> bool:
        self._lab.kill_broker()
        self._pause(0.5)
        self._lab.start_broker()
        return True

    def _web(self) -> bool:
        self._lab.kill_web()
        self._pause(0.5)
        self._lab.start_web()
        return True

    @contextmanager
    def _stopped(self, workers: Sequence[Worker]) -> Iterator[bool]:
        """Hold these workers where they are, with all that they forked; yields whether the store lets them be hit."""
        held: list[psutil.Process] = []
        try:
            generation = [psutil.Process(worker.pid) for worker in workers]
            while generation:  # parents first: one that is stopped forks no more
                for process in generation:
                    with suppress(psutil.NoSuchProcess):
                        process.suspend()
                        held.append(process)
                generation = [child for parent in generation for child in _children(parent)]
            may_be_hit = not any(self._on_last_try(worker) for worker in workers)
            self.spared += not may_be_hit
            yield may_be_hit
        finally:
            for process in held:
                with suppress(psutil.NoSuchProcess):
                    process.resume()

    def _on_last_try(self, worker: Worker) -> bool:
        query = "SELECT max(tries) FROM shards WHERE token IS NOT NULL AND worker LIKE ?"
        with self._lab.store._db.read() as connection:
            used = connection.exec_driver_sql(query, (f"%:{worker.pid}:cpu",)).scalar()
        return used is not None and used >= TRIES - 1

    def _replace(self, workers: Sequence[Worker]) -> bool:
        for worker in workers:
            worker.wait()
            self._pause(0.5)
            with suppress(ProcessLookupError):  # none is left: all have noticed
                os.killpg(worker.pid, signal.SIGKILL)
            self._lab.workers.remove(worker)
            self._lab.start_worker(SLOTS, wait=False)
        return True

    def _pause(self, at_most_s: float) -> None:
        time.sleep(self._random.uniform(0.0, at_most_s))


def _fork_servers(worker: Worker) -> list[psutil.Process]:
    return [process for process in _children(psutil.Process(worker.pid)) if "forkserver" in _command(process)]


def _command(process: psutil.Process) -> str:
    with suppress(psutil.NoSuchProcess):  # that of one that nobody has reaped yet is gone too
        return " ".join(process.cmdline())
    return ""


def _children(process: psutil.Process) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        return process.children()
    return []
