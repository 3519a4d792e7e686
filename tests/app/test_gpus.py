"""What the driver's program tells of a GPU; a script that prints the same stands in where there is none."""

from pathlib import Path

import pytest

from app.gpus import Gpu, GpuLoad, gpu_load, gpus

LISTING = """GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-aaaa)
GPU 1: NVIDIA H100 80GB HBM3 (UUID: GPU-bbbb)
"""


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `nvidia-smi` that tells `answer` beside it for one GPU, its listing for all, and fails for any other."""
    program = tmp_path / "nvidia-smi"
    program.write_text(
        f"""#!/bin/sh
case "$*" in
  -L) cat {tmp_path}/listing ;;
  "--query-gpu=utilization.gpu,memory.used,memory.total --format=csv,noheader,nounits --id=GPU-bbbb")
    cat {tmp_path}/answer ;;
  *) echo "No devices were found"; exit 6 ;;
esac
"""
    )
    program.chmod(0o755)
    (tmp_path / "listing").write_text(LISTING)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return tmp_path


def test_only_visible_gpus_are_listed(driver: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert [gpu.number for gpu in gpus()] == ["0", "1"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-bbbb")
    assert gpus() == [Gpu("1", "NVIDIA H100 80GB HBM3", "GPU-bbbb")]


@pytest.mark.parametrize(
    ("answer", "load"),
    [
        ("37, 1024, 81559\n", GpuLoad(0.37, 2**30, 81559 * 2**20)),
        ("0, 0, 16384\n", GpuLoad(0.0, 0, 2**34)),
        ("[N/A], 1024, 2048\n", GpuLoad(None, 2**30, 2**31)),
        ("[Not Supported], [N/A], [N/A]\n", GpuLoad(None, None, None)),
        ("", None),
        ("Unable to determine the device handle\n", None),
    ],
)
def test_a_load_is_read_from_the_drivers_answer(driver: Path, answer: str, load: GpuLoad | None) -> None:
    (driver / "answer").write_text(answer)
    assert gpu_load("GPU-bbbb") == load


def test_a_gpu_that_is_gone_has_no_load(driver: Path) -> None:
    assert gpu_load("GPU-cccc") is None


def test_without_a_driver_there_is_no_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert (gpus(), gpu_load("GPU-aaaa")) == ([], None)
