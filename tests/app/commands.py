"""The command line in a process of its own, and the environment that it reads."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from app.broker import free_port

Env: TypeAlias = Mapping[str, str]


def environment(folder: Path, **settings: str) -> dict[str, str]:
    """That of this process with settings of its own only."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("TICKETSCOPE_")}
    values = {"DATA_DIR": str(folder), "PORT": str(free_port()), "DEMO": "0", **settings}
    return own | {f"TICKETSCOPE_{name}": value for name, value in values.items()}


def cli(env: Env, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command as a user runs it."""
    command = [sys.executable, "-m", "app.cli", *arguments]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)


class Forked:
    """Runs commands in processes forked from one that has imported the command line: an import is most of their time.

    What depends on how an interpreter starts, such as the locale, needs `cli`.
    """

    def __init__(self) -> None:
        self._source = subprocess.Popen(
            [sys.executable, "-m", "tests.app.forked"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
        )  # fmt: skip

    def __call__(self, env: Env, *arguments: str, seconds: int = 60) -> subprocess.CompletedProcess[str]:
        assert self._source.stdin is not None
        assert self._source.stdout is not None
        asked = json.dumps({"argv": arguments, "env": dict(env), "seconds": seconds})
        self._source.stdin.write(asked + "\n")
        self._source.stdin.flush()
        return subprocess.CompletedProcess(arguments, **json.loads(self._source.stdout.readline()))

    def close(self) -> None:
        self._source.communicate()
        assert self._source.returncode == 0
