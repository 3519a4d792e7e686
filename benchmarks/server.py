"""The whole product on a free port and an empty data directory, for benchmarks that measure it from outside."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory

from app import broker
from app.queue import Queue
from app.store import Store


@dataclass(frozen=True)
class Server:
    """A running `ticketscope up`: its address, when it was started and ready (time.time), and its store and queue."""

    pid: int
    url: str
    started_at: float
    ready_at: float
    data_dir: Path
    broker_url: str

    def store(self) -> Store:
        """Return a store of its own on the server's database."""
        return Store(f"sqlite:///{self.data_dir / 'ticketscope.db'}", str(self.data_dir / "artifacts"))

    def queue(self) -> Queue:
        """Return a connection of its own to the server's broker."""
        return Queue(self.broker_url)


@contextmanager
def server(*, workers: int | None, demo: bool = False) -> Iterator[Server]:
    """Start it, wait until it answers, and stop it at the end of the block."""
    with TemporaryDirectory(prefix="ticketscope-") as folder, valkey(Path(folder)) as broker_url:
        port = broker.free_port()
        environment = {
            **os.environ,
            "TICKETSCOPE_PORT": str(port),
            "TICKETSCOPE_DATA_DIR": folder,
            "TICKETSCOPE_BROKER_URL": broker_url,
            "TICKETSCOPE_DEMO": str(int(demo)),
        }
        if workers is not None:
            environment["TICKETSCOPE_WORKERS"] = str(workers)
        started = time.time()
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "up"], env=environment, stdout=subprocess.DEVNULL, start_new_session=True
        )
        url = f"http://127.0.0.1:{port}"
        try:
            wait_until_ready(url)
            yield Server(process.pid, url, started, time.time(), Path(folder), broker_url)
        finally:
            process.terminate()
            process.wait(15)


def wait_until_ready(url: str, timeout_s: float = 30.0) -> None:
    """Return as soon as `url` answers that it is ready. Raises `TimeoutError`."""
    deadline = time.time() + timeout_s
    while time.time() < deadline:
        # Not httpx: its start alone would take a good part of a core from what is waited for.
        with suppress(OSError), closing(HTTPConnection(url.removeprefix("http://"), timeout=5)) as connection:
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        time.sleep(0.01)
    raise TimeoutError(f"{url} is not ready after {timeout_s} s")


@contextmanager
def valkey(folder: Path) -> Iterator[str]:
    """Yield the address of a broker of its own, so that the benchmark can use it too."""
    port = broker.free_port()
    process = subprocess.Popen(broker.command(port, folder), stdout=subprocess.DEVNULL)
    try:
        yield broker.url(port, folder)
    finally:
        process.terminate()
        process.wait(5)
