"""What it costs to know each layer's spectral norm: a training step of spectral SGD against one of plain SGD.

The weight-erasure network at its published size, 3072-1024-1024-10 without biases, on CIFAR-10 in batches of 1,024, one
core. The two trainings alternate step by step; each step is data, forward, backward and update.
"""

import time
from collections.abc import Callable
from math import sqrt
from statistics import median

import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss, one_hot

from benchmarks.datasets import DATASETS_DIR
from workers.science.data import cifar10_10k
from workers.science.optim import sgd, spectral_sgd
from workers.science.random import generator

NAME = "spectral_step"
BOUND = 1.1
"""Ratio of a step of spectral SGD to one of plain SGD."""

STEPS, WARM, BATCH, WIDTH = 30, 3, 1024, 1024


def measure() -> float:
    """Return the median of the ratios of processor times of paired steps, after a few to warm up."""
    torch.set_num_threads(1)
    data = cifar10_10k.load(DATASETS_DIR)
    x, y = data.train.x.flatten(1), one_hot(data.train.y, data.n_classes).float()
    plain, spectral = network(x.shape[1], y.shape[1]), network(x.shape[1], y.shape[1])
    steps = [(plain, sgd.build(plain, lr=0.5)), (spectral, spectral_sgd.build(spectral, lr=0.5))]
    draws = generator(0, "order")
    ratios = []
    for step in range(WARM + STEPS):
        rows = torch.randint(len(x), (BATCH,), generator=draws)
        # Who goes first alternates: the second finds the batch in the cache.
        times = {}
        for model, optimizers in steps if step % 2 else steps[::-1]:
            times[model] = timed(lambda m=model, o=optimizers: train(m, o, x[rows], y[rows]))  # type: ignore[misc]  # noqa: B023
        ratios.append(times[spectral] / times[plain])
    return median(ratios[WARM:])


def network(inputs: int, outputs: int) -> nn.Sequential:
    """Build a network of orthogonal weights scaled by sqrt(n_out / n_in)."""
    sides = [(inputs, WIDTH), (WIDTH, WIDTH), (WIDTH, outputs)]
    kernels = [nn.Linear(n_in, n_out, bias=False) for n_in, n_out in sides]
    for i, (kernel, (n_in, n_out)) in enumerate(zip(kernels, sides, strict=True)):
        nn.init.orthogonal_(kernel.weight, gain=sqrt(n_out / n_in), generator=generator(0, "init", i))
    return nn.Sequential(kernels[0], nn.ReLU(), kernels[1], nn.ReLU(), kernels[2])


def train(model: nn.Module, optimizers: list[torch.optim.Optimizer], x: Tensor, y: Tensor) -> None:
    """Train one step."""
    model.zero_grad()
    mse_loss(model(x), y).backward()  # type: ignore[no-untyped-call]
    for optimizer in optimizers:
        optimizer.step()


def timed(work: Callable[[], None]) -> float:
    """Return the processor time, in seconds."""
    began = time.process_time()
    work()
    return time.process_time() - began
