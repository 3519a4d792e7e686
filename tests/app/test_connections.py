"""More connections than there are descriptors: refused in order, few lines in the log, and over when they are."""

import contextlib
import http.client
import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.broker import free_port
from app.store import Store
from tests.lab import until

DESCRIPTORS = 256


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """Port of a web that may have 256 descriptors."""
    store = Store(f"sqlite:///{tmp_path / 'ticketscope.db'}", str(tmp_path / "artifacts"))
    store.migrate()
    store.close()
    port = free_port()
    own = {name: value for name, value in os.environ.items() if not name.startswith("TICKETSCOPE_")}
    with (tmp_path / "log").open("wb") as log:
        web = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "web"],
            env=own | {"TICKETSCOPE_DATA_DIR": str(tmp_path), "TICKETSCOPE_PORT": str(port)},
            stderr=log,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS)),
        )
    try:
        until(lambda: answers(port) == 200, 60)
        yield port
    finally:
        web.send_signal(signal.SIGTERM)
        web.wait(20)


def answers(port: int) -> int:
    """Status of a page; 0 without one."""
    try:
        return httpx.get(f"http://127.0.0.1:{port}/api/v1/runs", timeout=5, trust_env=False).status_code
    except httpx.HTTPError:
        return 0


def test_a_server_without_descriptors_says_little_and_recovers(port: int, tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        taken = [
            stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5))
            for _ in range(2 * DESCRIPTORS)
        ]
        # The last one is refused in words, however many came before it.
        assert taken[-1].recv(1000).startswith(b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\n")
        # Those that were there first are served all the same.
        for path in ("/healthz", "/api/v1/runs"):
            connection = http.client.HTTPConnection("127.0.0.1", port)
            connection.sock = taken.pop(0)
            connection.request("GET", path)
            assert connection.getresponse().status == 200
    until(lambda: answers(port) == 200, 20)
    assert (tmp_path / "log").stat().st_size < 10_000
