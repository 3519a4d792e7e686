"""What eight replicates cost as one stack against the same eight one after the other: same data, steps and evaluations.

LeNet-300-100 on MNIST, batch 60, evaluated every 100 steps, fused Adam, three replicates dense and five at a density of
0.2; on the GPU where there is one, else on one core. On a GPU a step this small is bound by launches, which a stack
pays once; on a CPU it is bound by arithmetic, of which a stack saves nothing.
"""

import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

import torch
from torch import Tensor, nn

from workers.science import training
from workers.science.course import Course
from workers.science.data import mnist
from workers.science.data.dataset import Dataset
from workers.science.models import lenet_300_100
from workers.science.models.init import initialise
from workers.science.models.prunable import prunable
from workers.science.optim import adam
from workers.science.random import generator
from workers.science.stacked.network import StackedNetwork
from workers.science.stacked.training import Lane, train
from workers.science.training import Batches, Evaluated, Moment

NAME = "together"
GPU = torch.cuda.is_available()
BOUND = 0.5 if GPU else 1.5
"""Ratio of the stack's time to that of the eight. On a CPU it bounds a loss: there nothing is stacked by default."""

ROUNDS, STEPS, EVAL_EVERY, BATCH, REPLICATES, DENSE = 5, 200, 100, 60, 8, 3
SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


class Replicate:
    """One network with its start, masks and data order."""

    def __init__(self, number: int, data: Dataset, device: torch.device) -> None:
        self.model = lenet_300_100.build(data.shape, data.n_classes)
        initialise(self.model, generator(number, "init"))
        self.masks = None if number < DENSE else self._masks(number)
        self.model.to(device)
        self.start = {name: tensor.clone() for name, tensor in self.model.state_dict().items()}
        n = len(data.train)
        self.batches = Batches(
            n, BATCH, lambda e: torch.randperm(n, generator=generator(number, "order", e)).to(device)
        )

    def _masks(self, number: int) -> dict[str, Tensor]:
        return {
            name: torch.rand(layer.shape, generator=generator(number, name)) < 0.2
            for name, layer in prunable(self.model).items()
        }


def measure() -> float:
    """Ratio of median times over interleaved rounds, after one to warm up."""
    torch.set_num_threads(1)
    device = torch.device("cuda:0" if GPU else "cpu")
    data = mnist.load(Path(os.environ.get("TICKETSCOPE_DATASETS_DIR", SHARED_DATA))).to(device)
    replicates = [Replicate(number, data, device) for number in range(REPLICATES)]
    stack = StackedNetwork(replicates[0].model, REPLICATES)
    ways: dict[str, Callable[[], list[Evaluated]]] = {
        "apart": partial(apart, replicates, data),
        "stacked": partial(stacked, stack, replicates, data),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    ends: dict[str, list[Evaluated]] = {}
    for round_ in range(1 + ROUNDS):
        for name, way in ways.items():
            began = _now()
            ends[name] = way()
            if round_ > 0:
                times[name].append(_now() - began)
    # Both did the same work, or the ratio means nothing.
    for one, other in zip(ends["apart"], ends["stacked"], strict=True):
        torch.testing.assert_close(one.test_loss, other.test_loss, rtol=1e-3, atol=1e-3)
    return median(times["stacked"]) / median(times["apart"])


def _now() -> float:
    """Seconds: of the processor, or of the wall once the GPU has done what it was told."""
    if GPU:
        torch.cuda.synchronize()
        return time.perf_counter()
    return time.process_time()


def apart(replicates: list[Replicate], data: Dataset) -> list[Evaluated]:
    """The last rows of plain trainings, one after the other."""
    return [_last(_alone(replicate, data)) for replicate in replicates]


def _alone(replicate: Replicate, data: Dataset) -> list[Moment]:
    model: nn.Module = replicate.model
    model.load_state_dict(replicate.start)
    return list(
        training.train(
            model,
            data,
            adam.build(model),
            replicate.batches,
            steps=STEPS,
            eval_every=EVAL_EVERY,
            masks=replicate.masks,
        )
    )


def stacked(stack: StackedNetwork, replicates: list[Replicate], data: Dataset) -> list[Evaluated]:
    """The last rows of all, trained as one."""
    lanes = {
        slot: Lane(replicate.batches, replicate.masks, Course(), partial(stack.put, slot, replicate.start))
        for slot, replicate in enumerate(replicates)
    }
    told: dict[int, list[Moment]] = {slot: [] for slot in lanes}
    for slot, moment in train(stack, data, adam.build(stack.module), lanes, steps=STEPS, eval_every=EVAL_EVERY):
        told[slot].append(moment)
    return [_last(moments) for moments in told.values()]


def _last(moments: list[Moment]) -> Evaluated:
    return [moment for moment in moments if isinstance(moment, Evaluated)][-1]
