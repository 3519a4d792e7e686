"""The training loop: one network, from one step to another, under masks or none."""

import time
from collections.abc import Callable, Container, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from math import isfinite, nan
from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from workers.science.course import Course
from workers.science.data.augmentation import cut
from workers.science.data.dataset import Dataset, Split
from workers.science.metrics.evaluate import Evaluation, evaluate
from workers.science.optim.step import step as update
from workers.science.sparse.feed_forward import FeedForward

TICK_S = 0.05
CHECK_EVERY = 100
"""Steps between looks at the losses. A look waits for the device; only at fixed steps are bits the same each time."""
PIECE = 500
"""Examples evaluated between two ticks."""


@dataclass(frozen=True)
class Evaluated:
    """Losses (mean, nats) and accuracies (share in [0, 1]) after `step` updates.

    `train_loss` is the mean over the minibatches since the evaluation before; NaN in the first.
    """

    step: int
    train_loss: float
    validation_loss: float
    validation_accuracy: float
    test_loss: float
    test_accuracy: float


@dataclass(frozen=True)
class Tick:
    """`step` updates have been made; yielded often, so that a caller may report or stop.

    `between`: nothing is half done, and the training could go on from its `Course`, weights and optimizers alone.
    """

    step: int
    between: bool = False


@dataclass(frozen=True)
class Diverged:
    """Training ended: after `step` updates a loss was first not finite."""

    step: int


Moment: TypeAlias = Evaluated | Tick | Diverged


class Batches:
    """Which examples each step sees: `order(epoch)`, a permutation of n, cut into whole batches.

    Examples left over at the end of an epoch are not used in it, so that every step averages over as many. A batch
    larger than the data set is the data set. Steps may be asked for in any order: batch k is the same whatever came
    before. `draw(epoch)` says how the n pictures are cut in that order, if they are (`data.augmentation`).
    """

    def __init__(
        self,
        n: int,
        batch_size: int,
        order: Callable[[int], Tensor],
        draw: Callable[[int], Tensor] | None = None,
    ) -> None:
        self._size = min(batch_size, n)
        self._per_epoch = n // self._size
        self._order = order
        self._draw = draw
        self._epoch = -1
        self._rows: Sequence[Tensor] = ()
        self._cuts: Sequence[Tensor] = ()

    def __getitem__(self, step: int) -> Tensor:
        """Row indices `(batch_size,)` of the batch of update `step`, counted from 0."""
        batch = self._turn_to(step)
        return self._rows[batch]

    @property
    def cut(self) -> bool:
        """Whether pictures are cut."""
        return self._draw is not None

    def cuts(self, step: int) -> Tensor:
        """How each picture of the batch of update `step` is cut, `(batch_size, 3)`."""
        batch = self._turn_to(step)
        return self._cuts[batch]

    def _turn_to(self, step: int) -> int:
        """Have the epoch of a step ready; returns which of its batches it is."""
        epoch, batch = divmod(step, self._per_epoch)
        if epoch != self._epoch:
            self._epoch, self._rows = epoch, torch.split(self._order(epoch), self._size)
            self._cuts = torch.split(self._draw(epoch), self._size) if self._draw is not None else ()
        return batch


def train(
    model: nn.Module,
    data: Dataset,
    optimizers: Sequence[torch.optim.Optimizer],
    batches: Batches,
    *,
    steps: int,
    start: int = 0,
    eval_every: int,
    factor: Callable[[int], float] | None = None,
    masks: Mapping[str, Tensor] | None = None,
    stops: Container[int] = (),
    course: Course | None = None,
    autocast: torch.dtype | None = None,
) -> Iterator[Moment]:
    """Make updates `start` to `steps` - 1 on `model` in place, and yield what happens on the way.

    Evaluates at `start`, at each multiple of `eval_every` and at `steps`. `factor(step)` multiplies the learning rates
    that the optimizers came with. `masks` (parameter name -> bool, True = kept) hold from before the first evaluation:
    gradients are masked before the optimizers and weights after them, so pruned weights and what optimizers remember
    of them are exactly 0 after every step. A Tick comes at every step of `stops`, and at least every 0.1 s unless a
    single step or 500 evaluated examples take longer. A loss that is not finite ends the training with Diverged.

    With `autocast`, losses of minibatches are computed in that type where torch holds it for safe; weights, gradients
    and evaluations are not. A sparse `model` knows nothing of it.

    `course` is kept up to date, for a caller to read at a Tick `between` steps; one that has begun goes on where it
    stands, from weights and optimizers as they were then, and says what was not said before.
    """
    parameters = [p for p in model.parameters() if p.requires_grad]
    named = dict(model.named_parameters())
    masked: list[Tensor] = [named[name] for name in masks or ()]
    float_masks = [mask.to(named[name]) for name, mask in (masks or {}).items()]
    groups = [(group, group["lr"]) for optimizer in optimizers for group in optimizer.param_groups]
    x, y = data.train.x, data.train.y
    black = data.black if batches.cut else None
    # Narrowing all pictures takes as long as it saves in this many steps. What is cut is narrowed after that.
    many = steps - (course.step if course else start) > len(x) / 16
    if isinstance(model, FeedForward) and many and black is None:
        x = model.narrow(x)

    lower = precision(x.device, autocast)

    def pictures(rows: Tensor, step: int) -> Tensor:
        """What the batch of a step shows."""
        seen = x.index_select(0, rows)
        return seen if black is None else cut(seen, batches.cuts(step), black)

    def gradients(seen: Tensor, wanted: Tensor) -> Tensor:
        """The loss of one batch; its gradients, masked, replace those that the parameters held."""
        if isinstance(model, FeedForward):
            return model.gradients(seen, wanted)
        for parameter in parameters:
            parameter.grad = None
        with lower():
            loss = cross_entropy(model(seen), wanted)
        loss.backward()  # type: ignore[no-untyped-call]
        if masked:
            _mask([p.grad for p in masked if p.grad is not None], float_masks)
        return loss.detach()

    if masked:
        _mask(masked, float_masks)
    model.train()
    course = course or Course(start)
    alive = True
    yield Tick(course.step)
    if course.step == start:
        alive = yield from _evaluate(model, data, start, nan)
    ticked = time.monotonic()
    for step in range(course.step, steps if alive else course.step):
        if factor is not None:
            scale = factor(step)
            for group, lr in groups:
                group["lr"] = lr * scale
        rows = batches[step]
        seen, wanted = pictures(rows, step), y.index_select(0, rows)
        course.losses.append(gradients(seen, wanted))
        update(optimizers, partial(gradients, seen, wanted))
        if masked:
            _mask(masked, float_masks)

        course.step = done = step + 1
        due = done % eval_every == 0 or done == steps
        if due or len(course.losses) == CHECK_EVERY:
            diverged = course.diverged()
            if diverged is not None:
                yield Diverged(diverged)
                return
        if due:
            yield Tick(done)
            if not (yield from _evaluate(model, data, done, course.mean())):
                return
            ticked = time.monotonic()
            yield Tick(done, between=done < steps)
        elif done in stops or time.monotonic() - ticked > TICK_S:
            yield Tick(done, between=True)
            ticked = time.monotonic()


def precision(device: torch.device, autocast: torch.dtype | None) -> Callable[[], AbstractContextManager[None]]:
    """A context in which products are computed in the type `autocast`, or as they are."""
    return nullcontext if autocast is None else partial(torch.autocast, device.type, autocast)


def evaluated(model: nn.Module, split: Split, step: int) -> Generator[Tick, None, Evaluation]:
    """`evaluate(model, split)`, with a Tick between pieces; the result is the generator's return value."""
    loss, accuracy = 0.0, 0.0
    for first in range(0, len(split), PIECE):
        piece = Split(split.x[first : first + PIECE], split.y[first : first + PIECE])
        result = evaluate(model, piece)
        loss += result.loss * len(piece)
        accuracy += result.accuracy * len(piece)
        yield Tick(step)
    return Evaluation(loss / len(split), round(accuracy) / len(split))


def _evaluate(model: nn.Module, data: Dataset, step: int, train_loss: float) -> Generator[Moment, None, bool]:
    """One row, or the end of a training whose validation loss is not finite; True if it goes on."""
    validation = yield from evaluated(model, data.validation, step)
    if not isfinite(validation.loss):
        yield Diverged(step)
        return False
    test = yield from evaluated(model, data.test, step)
    yield Evaluated(step, train_loss, validation.loss, validation.accuracy, test.loss, test.accuracy)
    return True


@torch.no_grad()
def _mask(tensors: list[Tensor], masks: list[Tensor]) -> None:
    torch._foreach_mul_(tensors, masks)
