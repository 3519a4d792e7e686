"""Seconds from starting the web process to its first answer that it is ready; the best of five."""

import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from app.broker import free_port
from app.store import Store
from benchmarks.server import valkey, wait_until_ready

NAME = "web_ready"
BOUND = 1.5
"""Seconds."""

ROUNDS = 5


def measure() -> float:
    """Return seconds of the fastest start, the store migrated and the broker up before."""
    with TemporaryDirectory(prefix="ticketscope-") as folder, valkey(Path(folder)) as broker_url:
        Store(f"sqlite:///{folder}/ticketscope.db", f"{folder}/artifacts").migrate()
        return min(_start(folder, broker_url) for _ in range(ROUNDS))


def _start(folder: str, broker_url: str) -> float:
    port = free_port()
    environment = {
        **os.environ,
        "TICKETSCOPE_PORT": str(port),
        "TICKETSCOPE_DATA_DIR": folder,
        "TICKETSCOPE_BROKER_URL": broker_url,
    }
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "app.cli", "web"], env=environment)
    try:
        wait_until_ready(f"http://127.0.0.1:{port}")
        return time.perf_counter() - began
    finally:
        process.terminate()
        process.wait(10)
