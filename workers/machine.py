"""What this machine is, told without importing torch."""

import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from app.contract.records import Queue as QueueName
from app.gpus import gpus

_ROOT = Path(__file__).parents[1]


def versions() -> dict[str, str]:
    """Versions of what the numbers depend on, without the build suffix of torch (2.13.0+cpu is 2.13.0)."""
    found = {name: version(name).partition("+")[0] for name in ("torch", "numpy")}
    return {"python": platform.python_version(), **found}


def device_name(queue: QueueName) -> str:
    """Name of the processor, or of the GPU, that works for `queue`."""
    if queue == "gpu":
        return ", ".join(gpu.name for gpu in gpus()) or "no GPU"
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def code_version() -> str:
    """The commit this code runs from, with "-dirty" for changes on top of it; else the package's version."""
    if (_ROOT / ".git").exists():
        command = ["git", "-C", str(_ROOT), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
        try:
            described = subprocess.run(  # noqa: S603 (a constant but for our own folder)
                command, capture_output=True, text=True, timeout=5, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            described = None
        if described is not None and described.returncode == 0:
            return described.stdout.strip()
    try:
        return version("ticketscope")
    except PackageNotFoundError:
        return "unknown"
