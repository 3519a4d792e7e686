"""What 16 replicates of Conv-4 take as one stack, against the same 16 one after the other, on a GPU.

A part of CIFAR-10, batch 60, evaluated every 50 steps, fused Adam; one replicate dense, the others at a density of 0.2.
"""

from functools import partial

from benchmarks.datasets import DATASETS_DIR
from benchmarks.stacks import Trainings, relative_time
from workers.science.data import cifar10_10k
from workers.science.models import conv_4

NAME = "gpu_conv4"
NEEDS_GPU = True
BOUND = 0.4


def measure() -> float:
    """Return the ratio of median times over three rounds."""
    data = cifar10_10k.load(DATASETS_DIR).to("cuda:0")
    blank = partial(conv_4.build, data.shape, data.n_classes)
    trainings = Trainings(blank, data, 16, batch=60, steps=100, eval_every=50, dense=1)
    return relative_time(trainings, 3)
