"""Joules that the machine counts, where they can be read: RAPL for processors, NVML for NVIDIA's GPUs."""

import ctypes
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import torch

Meter: TypeAlias = Callable[[], float]
"""Joules since some moment in the past; they only grow."""

POWERCAP = Path("/sys/class/powercap")
# Counters are renewed every millisecond (RAPL) to a tenth of a second (NVML).
ENOUGH_S = 0.3


def meter(device: torch.device, powercap: Path = POWERCAP) -> Meter | None:
    """Return the meter of a device; None where there is none or it may not be read."""
    return _nvml(device) if device.type == "cuda" else _rapl(powercap)


def joules(action: Callable[[], None], count: Meter, device: torch.device, enough_s: float = ENOUGH_S) -> float:
    """Return joules per pass of an action repeated for `enough_s`.

    They are those of the whole processor or GPU, whatever else runs there.
    """
    before, began, passes = count(), time.perf_counter(), 0
    while passes == 0 or time.perf_counter() - began < enough_s:
        action()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        passes += 1
    return (count() - before) / passes


def _rapl(powercap: Path) -> Meter | None:
    """Return the sum over processor packages; their counters start again at 0 when they are full."""
    packages = [_Package(folder) for folder in sorted(powercap.glob("intel-rapl:?")) if _readable(folder)]
    return (lambda: sum(package.joules() for package in packages)) if packages else None


def _readable(folder: Path) -> bool:
    try:
        _Package(folder)
    except (OSError, ValueError):
        return False
    return True


class _Package:
    """One `intel-rapl:N` folder; AMD's processors are found under the same name."""

    def __init__(self, folder: Path) -> None:
        self._counter = folder / "energy_uj"
        self._full = int((folder / "max_energy_range_uj").read_text())
        self._last = int(self._counter.read_text())
        self._total = 0

    def joules(self) -> float:
        """Return joules since this object was built.

        Call it more often than the counter goes round, which takes minutes.
        """
        now = int(self._counter.read_text())
        self._total += now - self._last if now >= self._last else now + self._full - self._last
        self._last = now
        return self._total / 1e6


def _nvml(device: torch.device) -> Meter | None:
    try:
        library = ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return None
    return nvml_meter(library, f"GPU-{torch.cuda.get_device_properties(device).uuid}")


def nvml_meter(library: Any, uuid: str) -> Meter | None:
    """Return the counter of one GPU, in NVML's millijoules; None for GPUs older than Volta, which have none.

    Source: NVML API reference, nvmlDeviceGetTotalEnergyConsumption.
    """
    handle, counted = ctypes.c_void_p(), ctypes.c_ulonglong()
    if library.nvmlInit_v2() or library.nvmlDeviceGetHandleByUUID(uuid.encode(), ctypes.byref(handle)):
        return None
    if library.nvmlDeviceGetTotalEnergyConsumption(handle, ctypes.byref(counted)):
        return None

    def count() -> float:
        library.nvmlDeviceGetTotalEnergyConsumption(handle, ctypes.byref(counted))
        return counted.value / 1000

    return count
