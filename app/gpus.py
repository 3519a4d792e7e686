"""Which GPUs this machine has, without CUDA in this process."""

import os
import re
import shutil
import subprocess
import sys
from typing import NamedTuple

_LINE = re.compile(r"GPU (?P<number>\d+): (?P<name>.+) \(UUID: (?P<uuid>[^)]+)\)")


class Gpu(NamedTuple):
    """A GPU as `nvidia-smi -L` names it; `uuid` is what CUDA_VISIBLE_DEVICES takes."""

    number: str
    name: str
    uuid: str


def gpus() -> list[Gpu]:
    """Return the GPUs that the driver lists and CUDA_VISIBLE_DEVICES, where it is set, does not hide.

    [] without a driver.
    """
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    listing = subprocess.run(  # noqa: S603 (the driver's own program)
        [program, "-L"], capture_output=True, text=True, timeout=20, check=False
    )
    listed = [Gpu(**match.groupdict()) for line in listing.stdout.splitlines() if (match := _LINE.match(line))]
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return listed
    wanted = {name.strip() for name in visible.split(",")}
    return [gpu for gpu in listed if gpu.number in wanted or gpu.uuid in wanted]


class GpuLoad(NamedTuple):
    """The share of the time in which a GPU was at work, in [0, 1], and its memory; None where it is not reported."""

    share: float | None
    memory_bytes: int | None
    memory_total_bytes: int | None


def gpu_load(uuid: str) -> GpuLoad | None:
    """Return the load of a GPU from its driver; None without an answer."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    query = "--query-gpu=utilization.gpu,memory.used,memory.total"
    command = [program, query, "--format=csv,noheader,nounits", f"--id={uuid}"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None
    fields = answer.stdout.strip().split(",")
    if answer.returncode != 0 or len(fields) != 3:
        return None
    # Percent and MiB; a field that a GPU does not have reads "[N/A]".
    share, used, total = (int(field) if field.strip().isdecimal() else None for field in fields)
    return GpuLoad(
        share=None if share is None else share / 100,
        memory_bytes=None if used is None else used * 2**20,
        memory_total_bytes=None if total is None else total * 2**20,
    )


def torch_sees_gpus() -> bool:
    """Return whether the installed torch can use a GPU; a process of its own checks that, which takes seconds."""
    ask = "import torch; raise SystemExit(0 if torch.cuda.is_available() else 1)"
    answer = subprocess.run(  # noqa: S603 (this interpreter, a constant)
        [sys.executable, "-c", ask], capture_output=True, timeout=120, check=False
    )
    return answer.returncode == 0
