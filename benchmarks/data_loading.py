"""The share of a training's time that goes into its batches: order, gathering and cutting of the pictures of each step.

It is the worse of two. One is LeNet-300-100 on MNIST, whose steps are short. The other is Conv-4 on a part of CIFAR-10
with pad-crop-flip. Batch 60, on the GPU where there is one, else on one core.
"""

from dataclasses import replace
from functools import partial

import torch
from torch import nn

from benchmarks.datasets import DATASETS_DIR
from benchmarks.stacks import times
from workers.science.data import augmentation, cifar10_10k, mnist
from workers.science.data.dataset import Dataset, Split
from workers.science.models import conv_4, lenet_300_100
from workers.science.optim import adam
from workers.science.random import generator
from workers.science.train.alone import train_alone
from workers.science.train.batches import Batches
from workers.science.train.dense import Dense

NAME = "data_loading"
GPU = torch.cuda.is_available()
BOUND = 0.05
BATCH = 60


def measure() -> float:
    """Return the larger ratio of median times over three rounds."""
    torch.set_num_threads(1)
    device = torch.device("cuda:0" if GPU else "cpu")
    digits, pictures = mnist.load(DATASETS_DIR).to(device), cifar10_10k.load(DATASETS_DIR).to(device)
    lenet = partial(lenet_300_100.build, digits.shape, digits.n_classes)
    conv = partial(conv_4.build, pictures.shape, pictures.n_classes)
    shares = [_share(lenet(), digits, 1_000, cut=False), _share(conv(), pictures, 500 if GPU else 20, cut=True)]
    print(f"LeNet {shares[0]:.4f}, Conv-4 with its pictures cut {shares[1]:.4f}")
    return max(shares)


def _share(model: nn.Module, data: Dataset, steps: int, *, cut: bool) -> float:
    model.to(data.train.x.device)
    ways = {"all": partial(_train, model, data, steps, cut), "batches": partial(_load, data, steps, cut)}
    took, _ = times(ways, 3)
    return took["batches"] / took["all"]


def _batches(data: Dataset, cut: bool) -> Batches:
    n, device = len(data.train), data.train.x.device
    return Batches(
        n,
        BATCH,
        lambda epoch: torch.randperm(n, generator=generator(0, "order", epoch)).to(device),
        (lambda epoch: augmentation.draw(n, generator(0, "cuts", epoch)).to(device)) if cut else None,
    )


def _train(model: nn.Module, data: Dataset, steps: int, cut: bool) -> None:
    """Train the steps, with next to no evaluation: a step does not wait for that."""
    ten = Split(data.test.x[:10], data.test.y[:10])
    few = replace(data, validation=ten, test=ten)
    moments = train_alone(Dense(model), few, adam.build(model), _batches(data, cut), steps=steps, eval_every=steps)
    list(moments)


def _load(data: Dataset, steps: int, cut: bool) -> None:
    batches = _batches(data, cut)
    for step in range(steps):
        rows = batches[step]
        seen = data.train.x.index_select(0, rows)
        if cut:
            augmentation.cut(seen, batches.cuts(step), data.black)
        data.train.y.index_select(0, rows)
