"""Small trainings by the loop."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from workers.science.data.dataset import Dataset
from workers.science.models import lenet_300_100
from workers.science.models.init import initialise
from workers.science.models.prunable import prunable
from workers.science.optim import (
    sgd,
)
from workers.science.pruning import layerwise_magnitude
from workers.science.pruning.context import PruningContext
from workers.science.random import generator
from workers.science.train.alone import train_alone
from workers.science.train.batches import Batches
from workers.science.train.dense import Dense
from workers.science.train.events import Event

BATCH = 60

# Weights grow 99-fold a step, where a high rate alone may just kill every ReLU and stay finite.
EXPLODE = partial(sgd.build, lr=100.0, weight_decay=1.0)

# These remember nothing, or nothing of single weights.
FORGETFUL = ("shampoo", "dualised", "spectral_sgd", "frobenius_sgd")

# Of rows and columns, and of directions in the eigenbasis: shaped as a square kernel, or any, and of no one weight.
OF_DIRECTIONS = {("Shampoo", f"{kind}_{axis}") for kind in ("pre_cond", "inv_pre_cond") for axis in range(4)} | {
    ("SOAP", "exp_avg_sq")
}


def order(n: int, epoch: int) -> Tensor:
    return torch.randperm(n, generator=generator(3, "order", epoch))


def network(build: Callable[..., nn.Module] = lenet_300_100.build) -> nn.Module:
    model = build((1, 8, 8), 10)
    initialise(model, generator(3, "init"))
    return model


def go(data: Dataset, model: nn.Module, optimizers: list[torch.optim.Optimizer], **knobs: Any) -> Iterator[Event]:
    batches = Batches(len(data.train), BATCH, partial(order, len(data.train)))
    layout = Dense(model, autocast=knobs.pop("autocast", None))
    return train_alone(layout, data, optimizers, batches, **{"steps": 30, "eval_every": 10} | knobs)


def pruned(model: nn.Module, rate: float = 0.8) -> dict[str, Tensor]:
    full = {name: torch.ones(layer.shape, dtype=torch.bool) for name, layer in prunable(model).items()}
    return layerwise_magnitude.prune(
        PruningContext(model.state_dict(), full, prunable(model)), rate=rate, conv_rate=rate, output_rate=rate
    )
