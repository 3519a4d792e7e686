"""What this worker and its machine use, measured without touching CUDA."""

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from app.gpus import GpuLoad, gpu_load
from app.records import WorkerLoad
from workers.disk import free_bytes


class Meter:
    """Reads loads of this process and its children; shares of time are those since the last reading.

    `folders` are those a run writes to, `gpu` is the UUID of the worker's GPU, if it has one.
    """

    def __init__(self, folders: Sequence[Path], gpu: str | None = None) -> None:
        self._folders, self._gpu = folders, gpu
        self._me = psutil.Process()
        self._known: dict[psutil.Process, psutil.Process] = {}
        psutil.cpu_percent()  # the first answer is meaningless

    def read(self) -> WorkerLoad:
        """Measure the load now; processes that end meanwhile are left out."""
        # Each process object remembers its last reading, so those of before are kept.
        processes = [self._me, *self._me.children(recursive=True)]
        self._known = {process: self._known.get(process, process) for process in processes}
        percent, memory = 0.0, 0
        for process in self._known.values():
            with suppress(psutil.NoSuchProcess):
                percent += process.cpu_percent()
                memory += process.memory_info().rss
        machine = psutil.virtual_memory()
        gpu = (gpu_load(self._gpu) if self._gpu else None) or GpuLoad(None, None, None)
        return WorkerLoad(
            cpu_cores=percent / 100,
            memory_bytes=memory,
            machine_cpu_share=psutil.cpu_percent() / 100,
            machine_cores=os.cpu_count() or 1,
            machine_memory_bytes=machine.total - machine.available,
            machine_memory_total_bytes=machine.total,
            disk_free_bytes=min(free_bytes(folder) for folder in self._folders),
            gpu_share=gpu.share,
            gpu_memory_bytes=gpu.memory_bytes,
            gpu_memory_total_bytes=gpu.memory_total_bytes,
            clock_s=time.time(),
        )
