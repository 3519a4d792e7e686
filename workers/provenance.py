"""Where the numbers of an attempt come from: code, versions, machine, settings and seeds."""

import platform
import re
import socket
from typing import Any

import numpy as np
import torch

from app.contract.experiment import Experiment
from workers import machine

# Lines of torch's own description that name the library which multiplies matrices, and its version.
_LIBRARIES = {
    "mkl": r"Math Kernel Library Version (\S+)",
    "onednn": r"MKL-DNN v(\S+)",
    "openmp": r"OpenMP (\d+)",
    "torch": r"BLAS_INFO=(\w+)",
    "lapack": r"LAPACK_INFO=(\w+)",
}


def provenance(spec: Experiment, device: str, network: dict[str, Any]) -> dict[str, Any]:
    """Return what `Started` records of this attempt; `network` is what the experiment describes of its model."""
    cuda = device != "cpu"
    return {
        **network,
        "code": machine.code(),
        "versions": {
            **machine.versions(),
            **machine.packages(),
            # With its suffix: 2.13.0+cpu and 2.13.0+cu130 are other builds of one version.
            "torch": torch.__version__,
            **(_cuda() if cuda else {}),
        },
        "blas": blas(),
        "host": socket.gethostname(),
        "system": platform.platform(),
        "device": device,
        "device_name": torch.cuda.get_device_name(device) if cuda else machine.device_name("cpu"),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "seed": spec.seed,
        "threads": torch.get_num_threads(),
        "interop_threads": torch.get_num_interop_threads(),
        "flags": {
            "deterministic": torch.are_deterministic_algorithms_enabled(),
            "matmul": torch.get_float32_matmul_precision(),
            "tf32": torch.backends.cudnn.allow_tf32,
            "cudnn_benchmark": torch.backends.cudnn.benchmark,
            "mkldnn": torch.backends.mkldnn.enabled,
            "denormals": "kept" if _keeps_denormals() else "flushed to 0",
        },
        "environment": machine.environment(),
    }


def blas() -> dict[str, str]:
    """Return the linear algebra under torch and NumPy, as each describes it."""
    config = torch.__config__.show()
    libraries = {name: match.group(1) for name, line in _LIBRARIES.items() if (match := re.search(line, config))}
    of_numpy = np.show_config("dicts")["Build Dependencies"]["blas"]
    return libraries | {"numpy": f"{of_numpy['name']} {of_numpy['version']}"}


def _cuda() -> dict[str, str]:
    cudnn = torch.backends.cudnn.version()  # type: ignore[no-untyped-call]
    return {"cuda": torch.version.cuda or "", "cudnn": str(cudnn)}


def _keeps_denormals() -> bool:
    """Return whether the processor keeps denormals: torch has no getter for what `set_flush_denormal` sets."""
    smallest = torch.full((1,), 1e-40)
    return bool((smallest * 1.0 != 0).item())
