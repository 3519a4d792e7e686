"""A server that speaks S3, with one bucket; it keeps what it is given in memory."""

import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from app import broker

BUCKET = "lab"
_STARTS_S = 30.0


class S3:
    """The server in a process of its own; `env` is what a program needs to reach it."""

    def __init__(self, folder: Path) -> None:
        self.port = broker.free_port()
        self.url = f"s3://{BUCKET}/artifacts"
        self.env = environment(self.port)
        self._log = (folder / "s3.log").open("ab")
        self.start()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/{BUCKET}", method="PUT")
        urllib.request.urlopen(request, timeout=5).close()

    def start(self) -> None:
        """Start the server and wait until it answers."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)],
            stdout=self._log,
            stderr=self._log,
        )
        end = time.monotonic() + _STARTS_S
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/moto-api/", timeout=5).close()
            except OSError:
                assert time.monotonic() < end, "the S3 server does not start"
                time.sleep(0.1)
            else:
                return

    def close(self) -> None:
        """End the server."""
        self.process.kill()
        self.process.wait()
        self._log.close()


def environment(port: int) -> dict[str, str]:
    """Return the variables that a program needs to reach the server at `port`."""
    return {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "a-lab",
        "AWS_SECRET_ACCESS_KEY": "its-secret",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
