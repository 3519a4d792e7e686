"""An epoch of a LeNet ticket's training, per replicate, over the same epoch in OpenLTH, averaged over 20 levels.

OpenLTH's setting: LeNet-300-100 on MNIST, batch 128, SGD at rate 0.1, global magnitude pruning, 469 steps an epoch. Its
time is that of a run of its own on two cores; where cores are faster or slower than those, the ratio means less. It
takes both cores for one replicate, where two of ours share them: so half of a core's time counts.

Each level trains 200 steps from the same initial weights, as a worker does, and is evaluated once. The time of the last
150 of them, in proportion, and that of the evaluation make its epoch. OpenLTH's time is of its steps alone. `python -m
benchmarks.against_openlth` prints each level's.
"""

import time
from collections.abc import Mapping
from functools import partial
from statistics import fmean

from torch import Tensor, nn, ones, randperm

from benchmarks.datasets import DATASETS_DIR
from workers import numerics
from workers.science.data import mnist
from workers.science.data.dataset import Dataset
from workers.science.models import lenet_300_100
from workers.science.models.init import initialise
from workers.science.models.prunable import prunable
from workers.science.optim import sgd
from workers.science.pruning import global_magnitude
from workers.science.pruning.context import PruningContext
from workers.science.random import generator
from workers.science.sparse.threshold import csr_below
from workers.science.train.alone import train_alone
from workers.science.train.batches import Batches
from workers.science.train.events import Evaluated
from workers.science.train.sparse import lay_out

NAME = "against_openlth"
BOUND = 0.1
"""Time per replicate over OpenLTH's."""

OPENLTH_EPOCH_S = 3.74
"""Seconds that 469 steps of facebookresearch/open_lth took, 8.0 ms each, run as it comes on a machine of two cores."""
LEVELS, EPOCH, EPOCHS, BATCH, LR = 20, 469, 40, 128, 0.1
WARM, STEPS = 50, 200


def measure() -> float:
    """Measure the dense network and 20 levels of tickets."""
    return fmean(epochs()) / 2 / OPENLTH_EPOCH_S


def epochs() -> list[float]:
    """Return seconds of processor time of an epoch at each level, the dense network's first."""
    numerics.pin()
    data = mnist.load(DATASETS_DIR)
    blank = partial(lenet_300_100.build, data.shape, data.n_classes)
    model = blank()
    initialise(model, generator(0, "init"))
    initial = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    masks = {name: ones(layer.shape).bool() for name, layer in prunable(model).items()}
    below = csr_below(blank, data.shape, BATCH)
    taken = []
    for _level in range(LEVELS + 1):
        model.load_state_dict(initial)
        epoch_s, weights = _epoch(model, masks, data, below)
        taken.append(epoch_s)
        masks = global_magnitude.prune(PruningContext(weights, masks, prunable(model)))
    return taken


def _epoch(
    model: nn.Module, masks: Mapping[str, Tensor], data: Dataset, below: float
) -> tuple[float, Mapping[str, Tensor]]:
    """Return seconds of an epoch under `masks`, and the weights after STEPS."""
    n = len(data.train)
    layout = lay_out(model, masks, below)
    moments = train_alone(
        layout,
        data,
        sgd.build(layout.network, lr=LR),
        Batches(n, BATCH, lambda epoch: randperm(n, generator=generator(0, "order", epoch))),
        steps=EPOCHS * EPOCH,
        eval_every=STEPS,
        # Full masks would cost time, and a worker leaves them out.
        masks=None if all(bool(mask.all()) for mask in masks.values()) else masks,
        stops=(WARM,),
    )
    began = next(time.process_time() for moment in moments if moment.step == WARM)
    trained = next(time.process_time() for moment in moments if moment.step == STEPS)
    next(moment for moment in moments if isinstance(moment, Evaluated))
    evaluated = time.process_time()
    return (trained - began) * EPOCH / (STEPS - WARM) + evaluated - trained, layout.state()


if __name__ == "__main__":
    for level, epoch_s in enumerate(epochs()):
        ratio = epoch_s / 2 / OPENLTH_EPOCH_S
        print(f"level {level}, density {0.8**level:.1%}: {epoch_s:.2f} s of a core, {ratio:.3f} of OpenLTH's time")
