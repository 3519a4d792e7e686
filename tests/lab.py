"""A lab of real parts in one folder: a Valkey server, Celery workers, a web and the store they share."""

import atexit
import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from app import broker
from app.address import listen
from app.contract.experiment import Experiment
from app.kinds.lottery.spec import LotterySpec
from app.kinds.presets import PRESETS
from app.queue import Queue
from app.records import Run
from app.settings import Settings
from app.store import Speed, Store
from app.up import worker_command
from tests import migrated
from workers import calibration

ENDED = ("finished", "failed", "cancelled")


def small_spec(**fields: object) -> LotterySpec:
    """The demo at a fraction of its size: seconds on one core."""
    small = {"steps": 60, "eval_every": 20, "levels": 2, "replicates": 1}
    return LotterySpec.model_validate({**PRESETS["digits-tickets"].spec.model_dump(), **small, **fields})


def until(condition: Callable[[], bool], timeout_s: float = 30.0) -> float:
    """Seconds that passed until `condition` held; fails after `timeout_s`.

    Asking takes at most a tenth of the time: what is waited for needs the processor too.
    """
    began = asked = time.monotonic()
    while not condition():
        now = time.monotonic()
        assert now - began < timeout_s, "it never happened"
        time.sleep(min(max(0.02, 9 * (now - asked)), 0.1))
        asked = time.monotonic()
    return time.monotonic() - began


def within(limit_s: float, measure: Callable[[], float], tries: int = 3) -> bool:
    """Whether `measure` gives less than `limit_s`, in one of a few tries: others may have the processor meanwhile."""
    return any(measure() < limit_s for _ in range(tries))


def calibrate(store: Store) -> list[Speed]:
    """Store a speed of every model, as a worker does that was idle for a while: it then leaves the processor alone."""
    for model, dataset in calibration.missing(store, "cpu"):
        store.record_speed(model, dataset, 60, "cpu", 0.002)
    return store.speeds()


@cache
def _machines() -> Path:
    folder = TemporaryDirectory(prefix="ticketscope-machines-")
    atexit.register(folder.cleanup)
    return Path(folder.name)


def remember(data_dir: Path) -> None:
    """Let workers of this folder know what those of others have measured: half a second for each model otherwise."""
    (data_dir / "machines").symlink_to(_machines())


def alive(process: psutil.Process) -> bool:
    """Whether a process runs; one that only waits to be collected does not."""
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


class Lab:
    """Broker, workers and web start when asked; `close` leaves nothing running."""

    def __init__(self, folder: Path, datasets_dir: Path, *, checkpoint_s: float = 15.0) -> None:
        self.folder = folder
        self.port = broker.free_port()
        self.env = {
            **os.environ,
            "TICKETSCOPE_DATA_DIR": str(folder),
            "TICKETSCOPE_BROKER_URL": broker.url(self.port, folder),
            "TICKETSCOPE_DATASETS_DIR": str(datasets_dir),
            "TICKETSCOPE_CHECKPOINT_S": str(checkpoint_s),
            "PYTHONWARNINGS": "default",
        }
        self._plain = self.env
        migrated.put(folder)
        self.store = Store(f"sqlite:///{folder / 'ticketscope.db'}", str(folder / "artifacts"))
        self.store.migrate()
        self.speeds = calibrate(self.store)
        remember(folder)
        self.queue = Queue(broker.url(self.port, folder))
        self.log = (folder / "workers.log").open("ab")
        # As of `up`: whoever asks while the web is away waits in this socket.
        self.listener = listen(Settings(port=broker.free_port()))
        self.web_port: int = self.listener.getsockname()[1]
        self.broker: subprocess.Popen[bytes] | None = None
        self.web: subprocess.Popen[bytes] | None = None
        self.workers: list[subprocess.Popen[bytes]] = []
        self._env_of: dict[int, dict[str, str]] = {}

    def start_broker(self) -> None:
        self.broker = subprocess.Popen(broker.command(self.port, self.folder))
        assert broker.wait(self.port, 5)

    def kill_broker(self) -> None:
        assert self.broker is not None
        self.broker.kill()
        self.broker.wait()

    def start_worker(self, slots: int = 1, *, wait: bool = True) -> subprocess.Popen[bytes]:
        """A worker process for the queue "cpu"; `wait` until it has said so in the store."""
        worker = self._start(worker_command("cpu", slots))
        self.workers.append(worker)
        if wait:
            until(lambda: worker.pid in {known.pid for known in self.store.workers()})
        return worker

    def worker(self, **env: str) -> subprocess.Popen[bytes]:
        """The one worker of this lab, with one slot and `env`: that which lives, or a new one where none is like that.

        To start one takes four seconds of processor time, of which tests that follow each other need only one.
        """
        living = [worker for worker in self.workers if worker.poll() is None]
        if len(living) == 1 and self._env_of.get(living[0].pid) == env:
            return living[0]
        for worker in living:
            os.killpg(worker.pid, signal.SIGTERM)
            worker.wait(20)
        self.workers.clear()
        self.env = {**self._plain, **env}
        worker = self.start_worker()
        self._env_of[worker.pid] = env
        return worker

    def start_web(self) -> None:
        """The web on `web_port`; answers as soon as it can."""
        fd = self.listener.fileno()
        self.web = self._start([sys.executable, "-m", "app.cli", "web", "--fd", str(fd)], fd)

    def kill_web(self) -> None:
        assert self.web is not None
        self.web.kill()
        self.web.wait()

    def _start(self, argv: Sequence[str], *fds: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            argv,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
            pass_fds=fds,
            start_new_session=True,
        )

    def submit(self, spec: Experiment) -> str:
        run = self.store.create_run(spec, name="a run of a test")
        self.queue.announce(["cpu"])
        return run.id

    def ends(self, run_ids: Sequence[str], timeout_s: float = 60.0) -> list[Run]:
        """The runs once all have ended."""
        running = deque(run_ids)

        def none_is_left() -> bool:
            while running and self.store.run(running[0]).state in ENDED:
                running.popleft()
            return not running

        until(none_is_left, timeout_s)
        return [self.store.run(run_id) for run_id in run_ids]

    def count(self, run_id: str, kind: str) -> int:
        return sum(event.event["kind"] == kind for event in self.store.events(run_id, limit=100_000))

    def children(self, worker: int | None = None) -> list[psutil.Process]:
        """Training processes: what the fork servers of all workers forked, or that of the `worker` with this pid."""
        living = {known.pid for known in self.workers if known.poll() is None}
        return [
            child
            for pid in living
            if worker in (None, pid)
            for server in psutil.Process(pid).children()
            for child in server.children()
        ]

    def close(self) -> None:
        for worker in self.workers:
            if worker.poll() is None:
                os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()
        if self.broker is not None:
            self.kill_broker()
        if self.web is not None:
            self.kill_web()
        self.listener.close()
        self.queue.close()
        self.store.close()
        self.log.close()


def results(store: Store, run_id: str) -> tuple[object, object]:
    """All that a run measured and saved, clock aside, to be compared with another run's."""
    names = {
        event.event["series"] for event in store.events(run_id, limit=100_000) if event.event["kind"] == "measured"
    }
    measured = {
        name: {column: values.tobytes() for column, values in sorted(store.series(run_id, name).columns.items())}
        for name in sorted(names)
    }
    saved = {(ref.replicate, *ref.key.items(), ref.name): ref.id for ref in store.artifacts(run_id)}
    return measured, saved


def dense(store: Store, run_id: str) -> bool:
    """Whether the log has every number from 1 to the last, once."""
    seqs = [event.seq for event in store.events(run_id, limit=100_000)]
    return seqs == list(range(1, store.run(run_id).last_seq + 1))
