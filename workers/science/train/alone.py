"""One network trained by itself, without an experiment around it."""

from collections.abc import Callable, Container, Iterator, Mapping, Sequence

import torch
from torch import Tensor

from workers.science.data.dataset import Dataset
from workers.science.train.batches import Batches
from workers.science.train.dense import Dense
from workers.science.train.evaluation import Evaluate
from workers.science.train.events import Event
from workers.science.train.hooks import Hook
from workers.science.train.loop import Every, train
from workers.science.train.masks import Masks
from workers.science.train.rates import Rates
from workers.science.train.state import LoopState


def train_alone(
    layout: Dense,
    data: Dataset,
    optimizers: Sequence[torch.optim.Optimizer],
    batches: Batches,
    *,
    steps: int,
    start: int = 0,
    eval_every: int | None = None,
    factor: Callable[[int], float] | None = None,
    masks: Mapping[str, Tensor] | None = None,
    stops: Container[int] = (),
    hooks: Sequence[Hook] = (),
    state: LoopState | None = None,
) -> Iterator[Event]:
    """Make updates `start` to `steps` - 1, as `train` does, and yield what happens.

    It is evaluated at `start`, at each multiple of `eval_every` and at `steps`; never, if that is None. `factor(step)`
    multiplies the learning rates, `masks` are held. A `state` that has begun continues from its step.
    """
    state = state or LoopState(start)
    more = [
        *([Masks(layout, {0: masks})] if masks and layout.kernels else []),
        *([Rates(optimizers, factor)] if factor is not None else []),
        *hooks,
        *([Evaluate(layout, data)] if eval_every is not None else []),
    ]
    feed = layout.feed(data, {0: batches}, steps - state.step)
    measured = Every(eval_every, steps) if eval_every is not None else ()
    for _, event in train(
        layout, optimizers, feed, {0: state}, more, steps=steps, start=start, measured=measured, stops=stops
    ):
        yield event
