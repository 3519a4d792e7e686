"""The provenance of an attempt holds what decides its numbers, as the process that trains has it."""

import json
import platform
import subprocess
import sys

import numpy as np
import pytest
import torch

PROVENANCE = """
import workers.pinned
import json, sys, torch
from app.kinds.presets import PRESETS
from workers import numerics
from workers.provenance import provenance
numerics.pin()
torch.set_flush_denormal("flush" in sys.argv)
print(json.dumps(provenance(PRESETS["digits-tickets"].spec, "cpu", {"input": [1, 8, 8]})))
"""


def told(*arguments: str) -> dict[str, object]:
    # In a process of its own: pinning changes torch for good.
    command = [sys.executable, "-c", PROVENANCE, *arguments]
    document: dict[str, object] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return document


@pytest.fixture(scope="module")
def pinned() -> dict[str, object]:
    return told()


def test_it_names_versions_libraries_and_threads(pinned: dict[str, object]) -> None:
    versions, blas = pinned["versions"], pinned["blas"]
    assert isinstance(versions, dict)
    assert isinstance(blas, dict)
    assert versions["python"] == platform.python_version()
    assert versions["torch"] == torch.__version__
    assert versions["numpy"] == np.__version__
    assert {"scipy", "safetensors", "pillow"} <= versions.keys()
    assert blas["torch"] in torch.__config__.show()
    assert "numpy" in blas
    assert (pinned["threads"], pinned["seed"], pinned["input"]) == (1, 0, [1, 8, 8])
    assert pinned["instructions"] == torch.backends.cpu.get_cpu_capability()


def test_it_names_the_flags_and_the_environment_that_decide_bits(pinned: dict[str, object]) -> None:
    flags = {"deterministic": True, "matmul": "highest", "tf32": False, "cudnn_benchmark": False, "mkldnn": True}
    assert pinned["flags"] == {**flags, "denormals": "kept"}
    environment = pinned["environment"]
    assert isinstance(environment, dict)
    assert environment["OMP_NUM_THREADS"] == environment["MKL_NUM_THREADS"] == "1"


@pytest.mark.skipif(not torch.set_flush_denormal(False), reason="this processor cannot flush denormals")
def test_flushed_denormals_are_noticed() -> None:
    flags = told("flush")["flags"]
    assert isinstance(flags, dict)
    assert flags["denormals"] == "flushed to 0"
