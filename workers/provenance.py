"""Where the numbers of an attempt come from: code, versions, machine and seeds."""

import platform
import socket
from typing import Any

import torch

from app.contract.specs import Experiment
from workers import machine


def provenance(spec: Experiment, device: str, network: dict[str, Any]) -> dict[str, Any]:
    """What `Started` tells of this attempt; `network` is what the experiment describes of its model."""
    cuda = device != "cpu"
    return {
        **network,
        "code": machine.code_version(),
        "versions": machine.versions() | ({"cuda": torch.version.cuda or ""} if cuda else {}),
        "host": socket.gethostname(),
        "system": platform.platform(),
        "device": device,
        "device_name": torch.cuda.get_device_name(device) if cuda else machine.device_name("cpu"),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "seed": spec.seed,
        "threads": torch.get_num_threads(),
    }
