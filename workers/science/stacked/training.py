"""The training loop for a stack: what `workers.science.training.train` does, for several networks at once."""

import time
from collections.abc import Callable, Container, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, nan
from typing import TypeAlias

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from workers.science.course import Course
from workers.science.data.augmentation import cut
from workers.science.data.dataset import Dataset, Split
from workers.science.metrics.evaluate import Evaluation
from workers.science.stacked.evaluate import evaluate
from workers.science.stacked.network import StackedNetwork
from workers.science.training import CHECK_EVERY, PIECE, TICK_S, Batches, Diverged, Evaluated, Moment, Tick, precision

Moments: TypeAlias = Iterator[tuple[int, Moment]]
"""Slots, and what happens there."""


@dataclass(frozen=True)
class Lane:
    """What one slot trains on: its own data order, and masks (parameter name -> bool, True = kept) or none.

    `enter()` puts its network into the slot, and what the optimizers remember of it: at the step where its `course`
    stands, which other lanes may have to reach first.
    """

    batches: Batches
    masks: Mapping[str, Tensor] | None
    course: Course
    enter: Callable[[], None]


def train(
    stack: StackedNetwork,
    data: Dataset,
    optimizers: Sequence[torch.optim.Optimizer],
    lanes: Mapping[int, Lane],
    *,
    steps: int,
    start: int = 0,
    eval_every: int,
    factor: Callable[[int], float] | None = None,
    stops: Container[int] = (),
    autocast: torch.dtype | None = None,
) -> Moments:
    """Make updates `start` to `steps` - 1 on the slots of `lanes`, and yield what happens in each of them.

    For each of these slots the moments are, up to rounding, those that `workers.science.training.train` yields for its
    network alone, and its course is kept up to date in the same way. One that had begun already joins at the step where
    it stood. A slot that diverges says so when all others are between two steps, and is then silent; the others do not
    notice. Slots without a lane are computed and never read. `optimizers` must move each weight by its own gradients
    alone.
    """
    silent = next(iter(lanes.values()))
    batches = [lanes.get(slot, silent).batches for slot in range(stack.slots)]
    masks = _stacked_masks(stack, lanes)
    masked = [parameter for name, parameter in stack.module.named_parameters() if name in masks]
    parameters = [p for p in stack.module.parameters() if p.requires_grad]
    # Looked up at each step: a slot that joins has its optimizers make new groups.
    rates = [(optimizer, i, group["lr"]) for optimizer in optimizers for i, group in enumerate(optimizer.param_groups)]
    x, y = data.train.x, data.train.y
    black = data.black if silent.batches.cut else None

    lower = precision(x.device, autocast)

    def gradients(step: int) -> Tensor:
        """The losses `(slots,)` of a batch each; gradients replace those of the step before."""
        for parameter in parameters:
            parameter.grad = None
        rows = torch.stack([own[step] for own in batches])
        seen = x.index_select(0, rows.flatten())
        if black is not None:
            seen = cut(seen, torch.cat([own.cuts(step) for own in batches]), black)
        wanted = y.index_select(0, rows.flatten())
        with lower():
            logits = stack(seen.view(*rows.shape, *x.shape[1:]))
            losses = cross_entropy(logits.flatten(0, 1), wanted, reduction="none").view_as(rows).mean(dim=1)
        # Each network's gradient is that of its own term.
        losses.sum().backward()  # type: ignore[no-untyped-call]
        return losses.detach()

    def mask(tensors: Sequence[Tensor | None]) -> None:
        pairs = [(tensor, kept) for tensor, kept in zip(tensors, masks.values(), strict=True) if tensor is not None]
        with torch.no_grad():
            torch._foreach_mul_([tensor for tensor, _ in pairs], [kept for _, kept in pairs])

    stack.train()
    live: dict[int, Course] = {}
    later = dict(lanes)
    lost: dict[int, Diverged] = {}
    ticked = time.monotonic()
    step = start
    while live or later:
        if not live:
            step = min(lane.course.step for lane in later.values())
        joining = {slot: lane.course for slot, lane in later.items() if lane.course.step == step}
        if joining:
            for slot in joining:
                later.pop(slot).enter()
            if masks:
                mask(masked)
            live |= joining
            yield from _each(joining, Tick(step))
            if step == start:
                lost |= yield from _evaluate(stack, data, live, step, dict.fromkeys(live, nan))
        if step == steps:
            return
        if not live:
            yield from lost.items()
            lost.clear()
            continue
        if factor is not None:
            scale = factor(step)
            for optimizer, i, lr in rates:
                optimizer.param_groups[i]["lr"] = lr * scale
        losses = gradients(step)
        if masks:
            mask([parameter.grad for parameter in masked])
        for optimizer in optimizers:
            optimizer.step()
        if masks:
            mask(masked)

        step += 1
        for slot, loss in enumerate(losses.unbind()):
            if slot in live:
                live[slot].step = step
                live[slot].losses.append(loss)
        due = step % eval_every == 0 or step == steps
        if due or any(len(course.losses) == CHECK_EVERY for course in live.values()):
            for slot, course in tuple(live.items()):
                diverged = course.diverged()
                if diverged is not None:
                    del live[slot]
                    lost[slot] = Diverged(diverged)
        if due:
            yield from _each(live, Tick(step))
            lost |= yield from _evaluate(stack, data, live, step, {slot: each.mean() for slot, each in live.items()})
            ticked = time.monotonic()
            yield from _each(live, Tick(step, between=step < steps))
        elif step in stops or time.monotonic() - ticked > TICK_S:
            yield from _each(live, Tick(step, between=True))
            ticked = time.monotonic()
        yield from lost.items()
        lost.clear()


def _evaluate(
    stack: StackedNetwork, data: Dataset, live: dict[int, Course], step: int, train_loss: Mapping[int, float]
) -> Generator[tuple[int, Moment], None, dict[int, Diverged]]:
    """A row of each live slot; those whose validation loss is not finite are taken out of `live` and returned."""
    validation = yield from _evaluated(stack, data.validation, live, step)
    lost = {slot: Diverged(step) for slot in live if not isfinite(validation[slot].loss)}
    for slot in lost:
        live.pop(slot).lost = step
    if not live:
        return lost
    test = yield from _evaluated(stack, data.test, live, step)
    for slot in live:
        yield slot, Evaluated(step, train_loss[slot], *validation[slot], *test[slot])
    return lost


def _evaluated(
    stack: StackedNetwork, split: Split, live: Iterable[int], step: int
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


def _each(live: Iterable[int], tick: Tick) -> Iterator[tuple[int, Tick]]:
    for slot in tuple(live):
        yield slot, tick


def _stacked_masks(stack: StackedNetwork, lanes: Mapping[int, Lane]) -> dict[str, Tensor]:
    """The masks of all slots as numbers `(slots, *shape)`, in the order of the parameters; none if none prunes."""
    stacked: dict[str, Tensor] = {}
    for name, parameter in stack.module.named_parameters():
        own = {slot: lane.masks[name] for slot, lane in lanes.items() if lane.masks is not None and name in lane.masks}
        if own:
            stacked[name] = torch.ones_like(parameter, requires_grad=False)
            for slot, mask in own.items():
                stacked[name][slot].copy_(mask)
    return stacked
