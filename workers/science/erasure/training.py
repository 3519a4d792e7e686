"""One training of the erasure study, stopped at chosen steps to be looked at."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from math import isfinite
from typing import TypeAlias

import torch
from torch import Tensor, nn

from workers.science.course import Course
from workers.science.data.dataset import Split
from workers.science.erasure.losses import Loss
from workers.science.optim.step import step as advance
from workers.science.training import Batches, Diverged, Tick

TICK_S = 0.05
CHECK_EVERY = 50
"""Steps between looks at the losses. A look waits for the device; only at fixed steps are bits the same each time."""


@dataclass(frozen=True)
class Look:
    """The watched matrix after `step` updates.

    `loss` is the mean over the minibatches since the look before; at step 0 that of the first batch. `gradient` is the
    raw gradient of the update that led here and `update` what it added to the matrix; None at step 0.
    """

    step: int
    loss: float
    gradient: Tensor | None
    update: Tensor | None


Moment: TypeAlias = Look | Tick | Diverged


def train(
    model: nn.Module,
    watched: Tensor,
    split: Split,
    optimizers: Sequence[torch.optim.Optimizer],
    batches: Batches,
    loss: Loss,
    *,
    moments: Sequence[int],
    course: Course | None = None,
) -> Iterator[Moment]:
    """Train `model` in place up to the last of `moments`, and yield a Look at each of them.

    `watched` is one of its parameters; `moments` rise from 0. A Tick comes at least every 0.1 s unless a single step
    takes longer. A loss or a watched matrix that is not finite ends the training with Diverged, and no Look shows such
    a matrix; that of the very step may show the finite one whose loss is not.

    `course` is kept up to date, for a caller to read at a Tick `between` steps; one that has begun goes on where it
    stands, from weights and optimizers as they were then.
    """
    parameters = list(model.parameters())
    wanted, last = frozenset(moments), moments[-1]
    model.train()
    course = course or Course()

    def gradients(step: int) -> Tensor:
        for parameter in parameters:
            parameter.grad = None
        rows = batches[step]
        value = loss(model(split.x.index_select(0, rows)), split.y.index_select(0, rows))
        value.backward()  # type: ignore[no-untyped-call]
        return value.detach()

    if course.step == 0:
        first = gradients(0).item()
        if not isfinite(first):
            yield Diverged(0)
            return
        yield Look(0, first, None, None)
    ticked = time.monotonic()
    for step in range(course.step, last):
        course.losses.append(gradients(step))
        course.step = done = step + 1
        look = done in wanted
        before = watched.detach().clone() if look else None
        gradient = watched.grad.clone() if look and watched.grad is not None else None
        advance(optimizers, partial(gradients, step))
        if look or len(course.losses) == CHECK_EVERY:
            diverged = course.diverged()
            if diverged is not None:
                yield Diverged(diverged)
                return
        if before is not None:
            if not bool(torch.isfinite(watched).all()):
                yield Diverged(done)
                return
            yield Look(done, course.mean(), gradient, watched.detach() - before)
            ticked = time.monotonic()
        elif time.monotonic() - ticked > TICK_S:
            yield Tick(done, between=True)
            ticked = time.monotonic()
