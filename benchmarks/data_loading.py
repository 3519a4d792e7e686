"""The share of a training's time that goes into its batches: order, gathering and cutting of the pictures of each step.

Conv-4 on a part of CIFAR-10 with pad-crop-flip, batch 60, on the GPU where there is one, else on one core.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import torch

from benchmarks.datasets import DATASETS_DIR
from benchmarks.stacks import times
from workers.science import training
from workers.science.data import augmentation, cifar10_10k
from workers.science.data.dataset import Dataset, Split
from workers.science.models import conv_4
from workers.science.optim import adam
from workers.science.random import generator
from workers.science.training import Batches

NAME = "data_loading"
GPU = torch.cuda.is_available()
BOUND = 0.05
STEPS, BATCH = 600 if GPU else 60, 60


def measure() -> float:
    """Ratio of median times over three rounds."""
    torch.set_num_threads(1)
    device = torch.device("cuda:0" if GPU else "cpu")
    data = cifar10_10k.load(DATASETS_DIR).to(device)
    took, _ = times({"all": partial(_train, data, device), "batches": partial(_load, data, device)}, 3)
    return took["batches"] / took["all"]


def _batches(data: Dataset, device: torch.device) -> Batches:
    n = len(data.train)

    def drawn(draw: Callable[[torch.Generator], torch.Tensor], what: str) -> Callable[[int], torch.Tensor]:
        return lambda epoch: draw(generator(0, what, epoch)).to(device)

    return Batches(
        n,
        BATCH,
        drawn(lambda of: torch.randperm(n, generator=of), "order"),
        drawn(lambda of: augmentation.draw(n, of), "cuts"),
    )


def _train(data: Dataset, device: torch.device) -> None:
    """The steps, with next to no evaluation: it is not what a step waits for."""
    model = conv_4.build(data.shape, data.n_classes).to(device)
    ten = Split(data.test.x[:10], data.test.y[:10])
    few = replace(data, validation=ten, test=ten)
    for _moment in training.train(model, few, adam.build(model), _batches(data, device), steps=STEPS, eval_every=STEPS):
        pass


def _load(data: Dataset, device: torch.device) -> None:
    batches = _batches(data, device)
    for step in range(STEPS):
        rows = batches[step]
        augmentation.cut(data.train.x.index_select(0, rows), batches.cuts(step), data.black)
        data.train.y.index_select(0, rows)
