"""The training loop for a stack: what `workers.science.training.train` does, for several networks at once."""

import time
from collections.abc import Callable, Container, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import fsum, isfinite, nan
from typing import TypeAlias

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from workers.science.data.dataset import Dataset, Split
from workers.science.metrics.evaluate import Evaluation
from workers.science.stacked.evaluate import evaluate
from workers.science.stacked.network import StackedNetwork
from workers.science.training import CHECK_EVERY, PIECE, TICK_S, Batches, Diverged, Evaluated, Moment, Tick

Moments: TypeAlias = Iterator[tuple[int, Moment]]
"""Slots, and what happens there."""


@dataclass(frozen=True)
class Course:
    """What one slot trains on: its own data order, and masks (parameter name -> bool, True = kept) or none."""

    batches: Batches
    masks: Mapping[str, Tensor] | None = None


def train(
    stack: StackedNetwork,
    data: Dataset,
    optimizers: Sequence[torch.optim.Optimizer],
    courses: Mapping[int, Course],
    *,
    steps: int,
    start: int = 0,
    eval_every: int,
    factor: Callable[[int], float] | None = None,
    stops: Container[int] = (),
) -> Moments:
    """Make updates `start` to `steps` - 1 on the slots of `courses`, and yield what happens in each of them.

    For each of these slots the moments are, up to rounding, those that `workers.science.training.train` yields for its
    network alone. A slot that diverges says so at its own step and is then silent; the others do not notice. Slots
    without a course are computed and never read. `optimizers` must move each weight by its own gradients alone.
    """
    silent = next(iter(courses.values()))
    batches = [courses.get(slot, silent).batches for slot in range(stack.slots)]
    masks = _stacked_masks(stack, courses)
    masked = [parameter for name, parameter in stack.module.named_parameters() if name in masks]
    parameters = [p for p in stack.module.parameters() if p.requires_grad]
    groups = [(group, group["lr"]) for optimizer in optimizers for group in optimizer.param_groups]
    live = dict.fromkeys(courses)
    x, y = data.train.x, data.train.y

    def gradients(rows: Tensor) -> Tensor:
        """The losses `(slots,)` of a batch each, rows `(slots, n)`; gradients replace those of the step before."""
        for parameter in parameters:
            parameter.grad = None
        seen = x.index_select(0, rows.flatten()).view(*rows.shape, *x.shape[1:])
        logits, wanted = stack(seen), y.index_select(0, rows.flatten())
        losses = cross_entropy(logits.flatten(0, 1), wanted, reduction="none").view_as(rows).mean(dim=1)
        # Each network's gradient is that of its own term.
        losses.sum().backward()  # type: ignore[no-untyped-call]
        return losses.detach()

    def mask(tensors: Sequence[Tensor | None]) -> None:
        pairs = [(tensor, kept) for tensor, kept in zip(tensors, masks.values(), strict=True) if tensor is not None]
        with torch.no_grad():
            torch._foreach_mul_([tensor for tensor, _ in pairs], [kept for _, kept in pairs])

    if masks:
        mask(masked)
    stack.train()
    yield from _each(live, Tick(start))
    yield from _evaluate(stack, data, live, start, dict.fromkeys(live, nan))
    losses: list[Tensor] = []
    seen_losses: dict[int, list[float]] = {slot: [] for slot in live}
    ticked = time.monotonic()
    for step in range(start, steps):
        if not live:
            return
        if factor is not None:
            scale = factor(step)
            for group, lr in groups:
                group["lr"] = lr * scale
        losses.append(gradients(torch.stack([own[step] for own in batches])))
        if masks:
            mask([parameter.grad for parameter in masked])
        for optimizer in optimizers:
            optimizer.step()
        if masks:
            mask(masked)

        done = step + 1
        due = done % eval_every == 0 or done == steps
        if due or len(losses) == CHECK_EVERY:
            first = done - len(losses)
            for slot, seen in enumerate(torch.stack(losses, dim=1).tolist()):
                if slot not in live:
                    continue
                seen_losses[slot] += seen
                bad = next((i for i, loss in enumerate(seen) if not isfinite(loss)), None)
                if bad is not None:
                    del live[slot]
                    yield slot, Diverged(first + bad)
            losses.clear()
        if due:
            yield from _each(live, Tick(done))
            means = {slot: fsum(seen_losses[slot]) / len(seen_losses[slot]) for slot in live}
            yield from _evaluate(stack, data, live, done, means)
            seen_losses = {slot: [] for slot in live}
            ticked = time.monotonic()
        elif done in stops or time.monotonic() - ticked > TICK_S:
            yield from _each(live, Tick(done))
            ticked = time.monotonic()


def _evaluate(
    stack: StackedNetwork, data: Dataset, live: dict[int, None], step: int, train_loss: Mapping[int, float]
) -> Moments:
    """A row of each live slot; one whose validation loss is not finite diverges and is taken out of `live`."""
    validation = yield from _evaluated(stack, data.validation, live, step)
    for slot in [slot for slot in live if not isfinite(validation[slot].loss)]:
        del live[slot]
        yield slot, Diverged(step)
    if not live:
        return
    test = yield from _evaluated(stack, data.test, live, step)
    for slot in live:
        yield slot, Evaluated(step, train_loss[slot], *validation[slot], *test[slot])


def _evaluated(
    stack: StackedNetwork, split: Split, live: Mapping[int, None], step: int
) -> Generator[tuple[int, Tick], None, list[Evaluation]]:
    """What `evaluate` says of all of `split`, with Ticks between its pieces."""
    loss, right = [0.0] * stack.slots, [0.0] * stack.slots
    for first in range(0, len(split), PIECE):
        piece = Split(split.x[first : first + PIECE], split.y[first : first + PIECE])
        for slot, result in enumerate(evaluate(stack, piece)):
            loss[slot] += result.loss * len(piece)
            right[slot] += result.accuracy * len(piece)
        yield from _each(live, Tick(step))
    n = len(split)
    return [Evaluation(a / n, round(b) / n) for a, b in zip(loss, right, strict=True)]


def _each(live: Mapping[int, None], tick: Tick) -> Iterator[tuple[int, Tick]]:
    for slot in tuple(live):
        yield slot, tick


def _stacked_masks(stack: StackedNetwork, courses: Mapping[int, Course]) -> dict[str, Tensor]:
    """The masks of all slots as numbers `(slots, *shape)`, in the order of the parameters; none if none prunes."""
    stacked: dict[str, Tensor] = {}
    for name, parameter in stack.module.named_parameters():
        own = {
            slot: course.masks[name]
            for slot, course in courses.items()
            if course.masks is not None and name in course.masks
        }
        if own:
            stacked[name] = torch.ones_like(parameter, requires_grad=False)
            for slot, mask in own.items():
                stacked[name][slot].copy_(mask)
    return stacked
