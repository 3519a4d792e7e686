"""Speeds are those of an idle machine: on a CPU, time in which a process does not get to compute is not counted."""

import time

import torch

from workers.science.compute_time import clock


def test_waiting_is_no_computing_on_a_cpu() -> None:
    now, wall = clock("cpu"), time.perf_counter()
    began = now()
    # As when other processes have the cores.
    time.sleep(0.2)
    waited = now() - began
    torch.rand(400, 400).matmul(torch.rand(400, 400))
    assert waited < 0.1 < time.perf_counter() - wall
    assert now() - began > waited


def test_a_gpu_is_waited_for() -> None:
    began = clock("cuda:0")()
    time.sleep(0.02)
    assert clock("cuda:0")() - began >= 0.02
