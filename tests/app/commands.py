"""The command line in a process of its own, and the environment that it reads."""

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
