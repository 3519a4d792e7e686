"""How fast this machine is: seconds per step of every catalog model on every data set's shape, and per Mflop."""

from contextlib import suppress
from typing import NamedTuple

import torch

from app.contract.catalog import CATALOG
from workers.science.build import build
from workers.science.compute_time import clock
from workers.science.data.dataset import Dataset, Split
from workers.science.metrics.evaluate import evaluate
from workers.science.models.init import initialise
from workers.science.optim import adam
from workers.science.optim.orthogonalise import MODULA, orthogonalise
from workers.science.random import generator
from workers.science.training import Batches, train

EVAL_EVERY = 100
"""Steps between evaluations that a timed step pays its share of: the default of the spec."""


class Pictures(NamedTuple):
    """What the examples of a data set look like, and how many of them an evaluation looks at."""

    shape: tuple[int, int, int]
    evaluated: int


# Known without the files; a set that is not here is not calibrated, and its first run tells its speed.
SETS = {
    "digits": Pictures((1, 8, 8), 540),
    "mnist": Pictures((1, 28, 28), 15_000),
    "fashion_mnist": Pictures((1, 28, 28), 15_000),
    "cifar10": Pictures((3, 32, 32), 15_000),
    "cifar10_10k": Pictures((3, 32, 32), 2_000),
}
_EXAMPLES = 100
WIDTH = 256
"""Rows and columns of the matrix that tells a Mflop's time: the default of the erasure study."""


class StepTime(NamedTuple):
    """Seconds per step of a dense `model` under Adam on pictures like those of `dataset`, its share of an evaluation
    every EVAL_EVERY steps included; of "mlp" on "any", seconds per Mflop."""

    model: str
    dataset: str
    batch_size: int
    step_s: float


def calibrate(batch_size: int = 60, *, seconds: float = 0.2, device: torch.device | str = "cpu") -> list[StepTime]:
    """Time each model on each shape for about `seconds`, on drawn pictures; shapes that it cannot take are left out.

    Torch is used as it is set up: in the process, with the threads and on the device of the trainings to come.
    """
    times: dict[tuple[str, tuple[int, int, int]], tuple[float, float]] = {}
    for model in CATALOG["model"]:
        for shape, _ in SETS.values():
            if (model, shape) not in times:
                with suppress(ValueError):  # a model that does not take this shape
                    times[model, shape] = _times(model, shape, batch_size, seconds, device)
    steps = [
        StepTime(model, dataset, batch_size, step_s + evaluated * example_s / EVAL_EVERY)
        for model in CATALOG["model"]
        for dataset, (shape, evaluated) in SETS.items()
        if (model, shape) in times
        for step_s, example_s in [times[model, shape]]
    ]
    return [*steps, StepTime("mlp", "any", 1, _mflop_s(seconds, device))]


def _mflop_s(seconds: float, device: torch.device | str) -> float:
    """Seconds per Mflop of the erasure study: of orthogonalising a square matrix, which is most of its work."""
    draw = generator(0, "calibration")
    matrix = torch.randn(WIDTH, WIDTH, generator=draw).to(device)
    orthogonalise(matrix, MODULA)
    _wait(device)
    now = clock(device)
    began, rounds = now(), 0
    while rounds == 0 or now() - began < seconds:
        orthogonalise(matrix, MODULA)
        rounds += len(MODULA)
    _wait(device)
    return (now() - began) / (rounds * 6 * WIDTH**3 / 1e6)


def _times(
    model_name: str, shape: tuple[int, int, int], batch_size: int, seconds: float, device: torch.device | str
) -> tuple[float, float]:
    """Seconds of a step, and of one evaluated example."""
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
    now = clock(device)
    began = now()
    last = next(moment.step for moment in training if now() - began > seconds)
    _wait(device)
    step_s = (now() - began) / (last - warm)
    pictures = torch.rand(_EXAMPLES, *shape, generator=draw), torch.zeros(_EXAMPLES, dtype=torch.int64)
    examples = Split(*pictures).to(device)
    began = now()
    evaluate(model, examples)  # its result is read, so a device has done it
    return step_s, (now() - began) / _EXAMPLES


def _wait(device: torch.device | str) -> None:
    if torch.device(device).type == "cuda":
        torch.cuda.synchronize(device)
