"""Seconds per pass of several things at once: warmed up, and interleaved so that a drift meets them all."""

import time
from collections.abc import Callable, Generator, Sequence

import torch
from torch import Tensor

WINDOW_S = 0.004
"""What is measured at a time: as many passes as take about this long, many times what reading the clock takes."""


def clock(device: torch.device) -> Callable[[], float]:
    """Return a clock in seconds: of this process alone where it has one thread on the CPU, since others may run.

    Else of the wall.
    """
    return time.process_time if device.type == "cpu" and torch.get_num_threads() == 1 else time.perf_counter


def seconds(action: Callable[[], None], passes: int, device: torch.device) -> float:
    """Return seconds per pass over `passes` of them; on a GPU by its own events."""
    if device.type == "cuda":
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]
        start.record()
        for _ in range(passes):
            action()
        end.record()
        torch.cuda.synchronize(device)
        return float(start.elapsed_time(end)) / 1000 / passes
    now = clock(device)
    began = now()
    for _ in range(passes):
        action()
    return (now() - began) / passes


def interleaved(
    actions: Sequence[Callable[[], None]], repeats: int, device: torch.device, window_s: float = WINDOW_S
) -> Generator[None, None, Tensor]:
    """Return seconds per pass, `(repeats, n_actions)` float64, as the generator's return value; yield between windows.

    In each repeat every action has one window, and another one begins. How many passes fit a window is measured while
    warming up.
    """
    passes = []
    for action in actions:
        seconds(action, 2, device)
        passes.append(max(1, round(window_s / max(seconds(action, 3, device), 1e-9))))
        yield
    taken = torch.zeros(repeats, len(actions), dtype=torch.float64)
    for repeat in range(repeats):
        for turn in range(len(actions)):
            i = (repeat + turn) % len(actions)
            taken[repeat, i] = seconds(actions[i], passes[i], device)
            yield
    return taken
