"""Meters read what the machine writes, go on past a full counter, and are absent where they cannot be read."""

import ctypes
from pathlib import Path
from typing import Any

import pytest
import torch

from workers.science.sparse.energy import joules, meter, nvml_meter

CPU = torch.device("cpu")


def package(folder: Path, number: int, microjoules: int) -> Path:
    """A powercap folder as the kernel lays it out, with a sub-zone that must not be counted twice."""
    there = folder / f"intel-rapl:{number}"
    there.mkdir()
    (there / "energy_uj").write_text(f"{microjoules}\n")
    (there / "max_energy_range_uj").write_text("1000000\n")
    core = folder / f"intel-rapl:{number}:0"
    core.mkdir()
    (core / "energy_uj").write_text("5\n")
    return there / "energy_uj"


def test_packages_are_added_and_a_full_counter_begins_again(tmp_path: Path) -> None:
    one, other = package(tmp_path, 0, 900_000), package(tmp_path, 1, 0)
    count = meter(CPU, tmp_path)
    assert count is not None
    assert count() == 0
    one.write_text("100000")  # past its end at 1,000,000
    other.write_text("250000")
    assert count() == pytest.approx(0.2 + 0.25)
    one.write_text("150000")
    assert count() == pytest.approx(0.5)


def test_joules_are_those_of_a_pass(tmp_path: Path) -> None:
    counter = package(tmp_path, 0, 0)
    count = meter(CPU, tmp_path)
    assert count is not None

    def burn() -> None:
        counter.write_text(str(int(counter.read_text()) + 20))

    assert joules(burn, count, CPU, enough_s=0.005) == pytest.approx(2e-5)


def test_without_a_counter_there_is_no_meter(tmp_path: Path) -> None:
    assert meter(CPU, tmp_path) is None
    package(tmp_path, 0, 0).write_text("not a number")
    assert meter(CPU, tmp_path) is None
    assert meter(CPU, tmp_path / "nowhere") is None


class Nvml:
    """The three functions of NVML that a meter calls, by their C conventions: 0 is success."""

    def __init__(self, fails: str = "") -> None:
        self.fails, self.millijoules, self.asked = fails, 0, b""

    def nvmlInit_v2(self) -> int:
        return int(self.fails == "init")

    def nvmlDeviceGetHandleByUUID(self, uuid: bytes, _handle: Any) -> int:
        self.asked = uuid
        return 0

    def nvmlDeviceGetTotalEnergyConsumption(self, _handle: Any, counted: Any) -> int:
        ctypes.cast(counted, ctypes.POINTER(ctypes.c_ulonglong))[0] = self.millijoules
        return int(self.fails == "energy")


def test_nvml_counts_millijoules_of_the_gpu_asked_for() -> None:
    library = Nvml()
    count = nvml_meter(library, "GPU-abc")
    assert count is not None
    assert library.asked == b"GPU-abc"
    library.millijoules = 2_500
    assert count() == 2.5
    assert nvml_meter(Nvml("energy"), "GPU-abc") is None
    assert nvml_meter(Nvml("init"), "GPU-abc") is None
