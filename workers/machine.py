"""What this machine is, without an import of torch."""

import hashlib
import os
import platform
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from app.gpus import gpus
from app.records import Queue as QueueName

ARITHMETIC = 3
"""Raised with every change of the code after which a spec gives other bits, or half a training reads otherwise.

1: before sparse networks computed their live weights only.
2: before Lion was that of pytorch_optimizer, which names its mean otherwise; its bits are the same.
"""
_ROOT = Path(__file__).parents[1]
# What computes data, pictures, optimizers and the bytes of artifacts, besides torch and NumPy.
_PACKAGES = ("scipy", "scikit-learn", "scikit-image", "pytorch_optimizer", "pillow", "safetensors", "zstandard")
# Which threads, instructions, code paths and formats the linear algebra takes.
_DECIDING = ("OMP_", "MKL_", "KMP_", "OPENBLAS_", "DNNL_", "ONEDNN_", "ATEN_", "CUBLAS_", "CUDNN_", "NPY_")
_DECIDING_ONE_BY_ONE = ("NVIDIA_TF32_OVERRIDE", "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE", "PYTHONHASHSEED")


@cache
def versions() -> dict[str, str]:
    """Return versions of what the numbers depend on, without the build suffix of torch (2.13.0+cpu is 2.13.0)."""
    versions_of = {name: version(name).partition("+")[0] for name in ("torch", "numpy")}
    return {"python": platform.python_version(), **versions_of}


def device_name(queue: QueueName) -> str:
    """Return the name of the processor, or of the GPU, that works for `queue`."""
    if queue == "gpu":
        return ", ".join(gpu.name for gpu in gpus()) or "no GPU"
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


@cache
def packages() -> dict[str, str]:
    """Return versions of the other packages that numbers or bytes of artifacts depend on, those that are installed."""
    packages = {}
    for name in _PACKAGES:
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            continue
    return packages


def environment() -> dict[str, str]:
    """Return the environment variables that are set here and may change bits."""
    return {
        name: value
        for name, value in sorted(os.environ.items())
        if name.startswith(_DECIDING) or name in _DECIDING_ONE_BY_ONE
    }


@cache
def code() -> dict[str, Any]:
    """Return the identity of this program's code, read once per process.

    "source": the first 16 digits of the SHA-256 of the sources of `app` and `workers`, which differs between two
    uncommitted states. "commit" and "dirty", whether these folders differ from it, where this is a clone; else
    "version".
    """
    digest = hashlib.sha256()
    for file in sorted(path for room in ("app", "workers") for path in (_ROOT / room).rglob("*.py")):
        digest.update(f"{file.relative_to(_ROOT).as_posix()}\0".encode() + file.read_bytes() + b"\0")
    identity: dict[str, Any] = {"source": digest.hexdigest()[:16]}
    commit = _git("rev-parse", "HEAD") if (_ROOT / ".git").exists() else None
    if commit is None:
        try:
            return identity | {"version": version("ticketscope")}
        except PackageNotFoundError:
            return identity
    changed = _git("status", "--porcelain", "--", "app", "workers")
    return identity | {"commit": commit[:12], "dirty": changed != ""}


def _git(*arguments: str) -> str | None:
    """Return what git prints about our own folder; None when it cannot."""
    command = ["git", "--no-optional-locks", "-C", str(_ROOT), *arguments]
    try:
        result = subprocess.run(  # noqa: S603 (constants but for our own folder)
            command, capture_output=True, text=True, timeout=5, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return result.stdout.strip() if result.returncode == 0 else None
