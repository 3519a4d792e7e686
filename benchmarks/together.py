"""What eight replicates cost as one stack against the same eight one after the other: same data, steps and evaluations.

LeNet-300-100 on MNIST, batch 60, evaluated every 100 steps, fused Adam, three replicates dense and five at a density of
0.2. On the GPU where there is one, else on one core. On a GPU a step this small is bound by launches, which a stack
pays once. On a CPU it is bound by arithmetic, of which a stack saves nothing.
"""

from functools import partial

import torch

from benchmarks.datasets import DATASETS_DIR
from benchmarks.stacks import Trainings, relative_time
from workers.science.data import mnist
from workers.science.models import lenet_300_100

NAME = "together"
GPU = torch.cuda.is_available()
BOUND = 0.5 if GPU else 1.5
"""Ratio of the stack's time to that of the eight. On a CPU it bounds a loss: there nothing is stacked by default."""


def measure() -> float:
    """Return the ratio of median times over five rounds."""
    torch.set_num_threads(1)
    data = mnist.load(DATASETS_DIR).to(torch.device("cuda:0" if GPU else "cpu"))
    blank = partial(lenet_300_100.build, data.shape, data.n_classes)
    trainings = Trainings(blank, data, 8, batch=60, steps=200, eval_every=100, dense=3)
    return relative_time(trainings, 5)
