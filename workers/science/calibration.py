"""How fast this machine is: seconds per optimizer step of every catalog model on every data set's shape."""

import time
from typing import NamedTuple

import torch

from app.contract.catalog import CATALOG
from workers.science.build import build
from workers.science.data.dataset import Dataset, Split
from workers.science.models.init import initialise
from workers.science.optim import adam
from workers.science.random import generator
from workers.science.training import Batches, train

# Known without the files; a set that is not here is not calibrated, and its first run tells its speed.
SHAPES = {
    "digits": (1, 8, 8),
    "mnist": (1, 28, 28),
    "fashion_mnist": (1, 28, 28),
    "cifar10": (3, 32, 32),
    "cifar10_10k": (3, 32, 32),
}


class StepTime(NamedTuple):
    """Seconds per step of a dense `model` under Adam, on pictures like those of `dataset`."""

    model: str
    dataset: str
    batch_size: int
    step_s: float


def calibrate(batch_size: int = 60, *, seconds: float = 0.2, device: torch.device | str = "cpu") -> list[StepTime]:
    """Time each model on each shape for about `seconds`, on drawn pictures; some seconds in all.

    Torch is used as it is set up: in the process, with the threads and on the device of the trainings to come.
    """
    times: dict[tuple[str, tuple[int, int, int]], float] = {}
    for model in CATALOG["model"]:
        for shape in SHAPES.values():
            if (model, shape) not in times:
                times[model, shape] = _step_s(model, shape, batch_size, seconds, device)
    return [
        StepTime(model, dataset, batch_size, times[model, shape])
        for model in CATALOG["model"]
        for dataset, shape in SHAPES.items()
    ]


def _step_s(
    model_name: str, shape: tuple[int, int, int], batch_size: int, seconds: float, device: torch.device | str
) -> float:
    draw = generator(0, "calibration")
    model = build(CATALOG["model"][model_name])(shape, 10)
    initialise(model, draw)
    model.to(device)
    split = Split(torch.rand(batch_size, *shape, generator=draw), torch.randint(10, (batch_size,), generator=draw))
    one = Split(split.x[:1], split.y[:1])
    data = Dataset("calibration", split, one, one, n_classes=10).to(device)
    batches = Batches(batch_size, batch_size, lambda _epoch: torch.arange(batch_size, device=device))
    forever = 1_000_000_000
    training = train(
        model, data, adam.build(model), batches, steps=forever, eval_every=forever, stops=range(1, forever)
    )
    # The first step pays for allocations, and for kernels being loaded.
    warm = next(moment.step for moment in training if moment.step > 0)
    _wait(device)
    began = time.perf_counter()
    last = next(moment.step for moment in training if time.perf_counter() - began > seconds)
    _wait(device)
    return (time.perf_counter() - began) / (last - warm)


def _wait(device: torch.device | str) -> None:
    if torch.device(device).type == "cuda":
        torch.cuda.synchronize(device)
