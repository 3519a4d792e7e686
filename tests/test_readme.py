"""README's commands, run as they stand, against the server that its `make run` starts."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.broker import free_port
from tests.lab import until

ROOT = Path(__file__).parents[1]
BLOCKS = re.findall(r"^```\w*\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
COMMANDS = [line for block in BLOCKS for line in block.splitlines()]
# What needs the address of a repository, and what the fixture runs.
START = ("git clone <this repository> ticketscope && cd ticketscope", "make run")


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of a user whose `make run` is up, on a port and in a folder of its own."""
    port = str(free_port())
    environment = {
        **os.environ,
        "TICKETSCOPE_PORT": port,
        "TICKETSCOPE_DATA_DIR": str(tmp_path_factory.mktemp("data")),
        "TICKETSCOPE_DEMO": "0",
        "TICKETSCOPE_WORKERS": "1",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    process = subprocess.Popen(
        ["make", "run"], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, start_new_session=True
    )
    until(lambda: ready(f"http://127.0.0.1:{port}"), 60)
    yield environment
    os.killpg(process.pid, signal.SIGINT)
    process.wait(10)


def ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=5, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def test_it_starts_as_the_tests_start_it() -> None:
    assert tuple(COMMANDS[:2]) == START
    assert len(COMMANDS) > len(START)


@pytest.mark.parametrize("command", COMMANDS[len(START) :])
def test_a_command_of_the_readme_works(env: dict[str, str], command: str) -> None:
    here = command.replace("127.0.0.1:8000", f"127.0.0.1:{env['TICKETSCOPE_PORT']}")
    result = subprocess.run(
        here.replace("curl ", "curl --fail "), shell=True, env=env, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip()
