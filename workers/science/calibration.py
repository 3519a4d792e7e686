"""How fast this machine is: seconds per step of every catalog model on every data set's shape, and per Mflop."""

from collections.abc import Collection, Iterator
from typing import NamedTuple, cast

import torch
from torch import nn

from app.contract.experiment import EVAL_EVERY, cut
from app.contract.params import DatasetParams, ModelParams, misfit
from app.methods.catalog import CATALOG
from workers.science.build import build
from workers.science.compute_time import clock
from workers.science.data import augmentation
from workers.science.data.dataset import Dataset, Split
from workers.science.metrics.evaluate import evaluate
from workers.science.models.init import initialise
from workers.science.optim import adam
from workers.science.optim.orthogonalise import MODULA, orthogonalise
from workers.science.random import generator
from workers.science.train.alone import train_alone
from workers.science.train.batches import Batches
from workers.science.train.dense import Dense
from workers.science.train.state import LoopState
from workers.science.train.task import CLASSIFICATION, NEXT_TOKEN, Task

_EXAMPLES = 100
_CUTS = 5
_FEW, _MORE = 6, 18
"""Examples of the first looks at a model; one that takes long for them is not timed with a whole batch."""
WIDTH = 256
"""Rows and columns of the matrix that a Mflop is timed on: the default of the erasure study."""


class StepTime(NamedTuple):
    """Seconds per step of a dense `model` under Adam on examples like those of `dataset`.

    A step's share of an evaluation every EVAL_EVERY steps is included. Of "mlp" on "any" it is seconds per Mflop.
    """

    model: str
    dataset: str
    batch_size: int
    step_s: float


def calibrate(
    batch_size: int = 60,
    *,
    seconds: float = 0.2,
    device: torch.device | str = "cpu",
    wanted: Collection[tuple[str, str]] | None = None,
) -> Iterator[StepTime]:
    """Time each model on each shape for about `seconds`, on drawn examples; some minutes in all, small models first.

    `wanted` are the models and data sets of interest, by default all; shapes that a model cannot take are left out.
    Torch is used as it is set up: in the process, with the threads and on the device of later trainings.
    """
    if wanted is None or ("mlp", "any") in wanted:
        yield StepTime("mlp", "any", 1, _mflop_s(seconds, device))
    for model in CATALOG["model"]:
        sets = {
            name: params
            for name, params in _sets().items()
            if wanted is None or (model, name) in wanted or (model, cut(name)) in wanted
        }
        for like in {(params.shape, params.n_classes): params for params in sets.values()}.values():
            try:
                step_s, example_s = _times(model, like, batch_size, seconds, device)
            except ValueError:  # a model that does not take these examples
                continue
            for name, params in sets.items():
                if (params.shape, params.n_classes) != (like.shape, like.n_classes):
                    continue
                whole_s = step_s + (params.n_validation + params.n_test) * example_s / EVAL_EVERY
                if wanted is None or (model, name) in wanted:
                    yield StepTime(model, name, batch_size, whole_s)
                if params.examples == "pictures" and (wanted is None or (model, cut(name)) in wanted):
                    yield StepTime(model, cut(name), batch_size, whole_s + _cut_s(params, batch_size, device))


def _cut_s(like: type[DatasetParams], batch_size: int, device: torch.device | str) -> float:
    """Return the seconds that cutting a batch of pictures takes."""
    x, black = _drawn(like, batch_size, "batch").x.to(device), torch.zeros(like.shape[0], device=device)
    now = clock(device)
    began = now()
    for number in range(_CUTS):
        cuts = augmentation.draw(batch_size, generator(number, "calibration", "cuts"))
        augmentation.cut(x, cuts.to(device), black)
    _wait(device)
    return (now() - began) / _CUTS


def _sets() -> dict[str, type[DatasetParams]]:
    """Return the parameters of each data set, which declare its shape and sizes."""
    return {name: cast(type[DatasetParams], method.params) for name, method in CATALOG["dataset"].items()}


def _mflop_s(seconds: float, device: torch.device | str) -> float:
    """Return seconds per Mflop of the erasure study: of orthogonalising a square matrix, which is most of its work."""
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
    model_name: str, like: type[DatasetParams], batch_size: int, seconds: float, device: torch.device | str
) -> tuple[float, float]:
    """Return seconds of a step on examples `like` those of a data set, and of one that is evaluated.

    Raises `ValueError` where the model cannot take them.
    """
    entry = CATALOG["model"][model_name]
    if reason := misfit(cast(ModelParams, entry.params(kind=model_name)), like):
        raise ValueError(reason)
    model = build(entry)(like.shape, like.n_classes)
    initialise(model, generator(0, "calibration"), "normal")  # defined for any
    model.to(device)
    few_s = 0.0 if batch_size <= _FEW else _step_s(model, like, _FEW, seconds / 4, device)
    if few_s < seconds / 4 or batch_size <= _MORE:
        step_s, n_examples = _step_s(model, like, batch_size, seconds, device), _EXAMPLES
    else:  # beyond what every step costs, it grows with the number of examples
        more_s = _step_s(model, like, _MORE, seconds / 4, device)
        step_s, n_examples = few_s + max(0.0, more_s - few_s) * (batch_size - _FEW) / (_MORE - _FEW), _FEW
    examples = _drawn(like, n_examples, "evaluation").to(device)
    now = clock(device)
    began = now()
    evaluate(model, examples, _task(like))  # its result is read, so a device has done it
    return step_s, (now() - began) / n_examples


def _step_s(
    model: nn.Module, like: type[DatasetParams], batch_size: int, seconds: float, device: torch.device | str
) -> float:
    split = _drawn(like, batch_size, "batch")
    one = Split(split.x[:1], split.y[:1])
    data = Dataset("calibration", split, one, one, n_classes=like.n_classes, task=_task(like)).to(device)
    batches = Batches(batch_size, batch_size, lambda _epoch: torch.arange(batch_size, device=device))
    forever = 1_000_000_000
    state = LoopState()
    training = train_alone(
        Dense(model, data.task), data, adam.build(model), batches, steps=forever, stops=range(1, forever), state=state
    )
    # The first step pays for allocations, and for kernels being loaded.
    warm = next(state.step for _ in training if state.step > 0)
    _wait(device)
    now = clock(device)
    began = now()
    last = next(state.step for _ in training if now() - began > seconds)
    _wait(device)
    return (now() - began) / (last - warm)


def _task(like: type[DatasetParams]) -> Task:
    return NEXT_TOKEN if like.examples == "text" else CLASSIFICATION


def _drawn(like: type[DatasetParams], n: int, purpose: str) -> Split:
    """Draw `n` examples like those of a data set."""
    draw = generator(0, "calibration", purpose)
    if like.examples == "text":
        text = torch.randint(like.n_classes, (n, *like.shape), generator=draw)
        return Split(text, text)
    return Split(torch.rand(n, *like.shape, generator=draw), torch.randint(like.n_classes, (n,), generator=draw))


def _wait(device: torch.device | str) -> None:
    if torch.device(device).type == "cuda":
        torch.cuda.synchronize(device)
