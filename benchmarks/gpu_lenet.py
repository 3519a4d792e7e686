"""What 32 replicates of LeNet-300-100 take as one stack, against one of them: on a GPU, whose step waits for launches.

MNIST, batch 60, evaluated every 100 steps, fused Adam; one replicate dense and the others at a density of 0.2.
"""

from functools import partial

from benchmarks.datasets import DATASETS_DIR
from benchmarks.stacks import Trainings, times
from workers.science.data import mnist
from workers.science.models import lenet_300_100

NAME = "gpu_lenet"
NEEDS_GPU = True
BOUND = 2.5


def measure() -> float:
    """Return the ratio of median times over five rounds."""
    data = mnist.load(DATASETS_DIR).to("cuda:0")
    trainings = Trainings(
        partial(lenet_300_100.build, data.shape, data.n_classes), data, 32, batch=60, steps=500, eval_every=100, dense=1
    )
    took, _ = times({"one": partial(trainings.apart, 1), "stacked": trainings.stacked}, 5)
    return took["stacked"] / took["one"]
