"""The clock that speeds are measured by: on a CPU the time that this process computes, not the time that it waits."""

import time
from collections.abc import Callable

import torch


def clock(device: torch.device | str) -> Callable[[], float]:
    """Return a clock in seconds for work on `device`.

    On a CPU, one thread computes: its processor time is what the work takes on an idle machine, however many other
    processes share the cores. A GPU is waited for, so there the clock on the wall counts.
    """
    return time.process_time if torch.device(device).type == "cpu" else time.perf_counter
