"""Which GPUs this machine has, found out without touching CUDA in this process."""

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
    """The GPUs that the driver lists and CUDA_VISIBLE_DEVICES, where it is set, does not hide; [] without a driver."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    listing = subprocess.run(  # noqa: S603 (the driver's own program)
        [program, "-L"], capture_output=True, text=True, timeout=20, check=False
    )
    found = [Gpu(**match.groupdict()) for line in listing.stdout.splitlines() if (match := _LINE.match(line))]
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return found
    wanted = {name.strip() for name in visible.split(",")}
    return [gpu for gpu in found if gpu.number in wanted or gpu.uuid in wanted]


def torch_sees_gpus() -> bool:
    """Whether the installed torch can use a GPU; asked in a process of its own, which takes seconds."""
    ask = "import torch; raise SystemExit(0 if torch.cuda.is_available() else 1)"
    answer = subprocess.run(  # noqa: S603 (this interpreter, a constant)
        [sys.executable, "-c", ask], capture_output=True, timeout=120, check=False
    )
    return answer.returncode == 0
