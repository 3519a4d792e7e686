"""Trainings of the erasure study in lock-step: the same batches, each network with its own optimizers and rate."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import NoReturn, TypeAlias

import torch
from torch import Tensor, nn
from torch.func import vmap

from workers.science.course import Course
from workers.science.data.dataset import Split
from workers.science.erasure.losses import Loss
from workers.science.erasure.training import CHECK_EVERY, TICK_S, Look
from workers.science.optim.step import step as advance
from workers.science.stacked.network import StackedNetwork
from workers.science.training import Batches, Diverged, Tick

Moments: TypeAlias = Iterator[Tick | tuple[int, Look | Diverged]]
"""Ticks of all, and what happens in a slot."""


@dataclass(frozen=True)
class Lane:
    """What one slot trains: the `network` there (`StackedNetwork.view`), the matrix of it that is `watched`.

    `optimizers` are those of this network alone, and take one gradient a step.
    """

    network: nn.Module
    watched: Tensor
    optimizers: Sequence[torch.optim.Optimizer]
    course: Course


def train(
    stack: StackedNetwork,
    lanes: Mapping[int, Lane],
    split: Split,
    batches: Batches,
    loss: Loss,
    *,
    moments: Sequence[int],
) -> Moments:
    """Train the networks in the slots of `lanes`, which all stand at the same step, up to the last of `moments`.

    For each of them, what happens is, up to rounding, what `workers.science.erasure.training.train` yields for it
    alone. One that diverges says so, stops, and no other notices. At a Tick all courses stand at its step. Slots
    without a lane are computed and never read, so that the bits of a network depend on its slot and the width of the
    stack alone.
    """
    wide = list(stack.module.parameters())
    own = {slot: list(lane.network.parameters()) for slot, lane in lanes.items()}
    wanted, last = frozenset(moments), moments[-1]
    live = dict(lanes)
    each = vmap(loss, in_dims=(0, None))
    stack.train()

    def gradients(step: int) -> Tensor:
        """The losses `(slots,)`; gradients replace those of the step before."""
        for parameter in wide:
            parameter.grad = None
        rows = batches[step]
        x, y = split.x.index_select(0, rows), split.y.index_select(0, rows)
        losses: Tensor = each(stack(x.expand(stack.slots, *x.shape)), y)
        # Each network's gradient is that of its own term.
        losses.sum().backward()  # type: ignore[no-untyped-call]
        for slot in live:
            for parameter, stacked in zip(own[slot], wide, strict=True):
                parameter.grad = None if stacked.grad is None else stacked.grad[slot]
        return losses.detach()

    step = next(iter(lanes.values())).course.step
    if step == 0:
        first = gradients(0).tolist()
        for slot in lanes:
            if isfinite(first[slot]):
                yield slot, Look(0, first[slot], None, None)
            else:
                del live[slot]
                yield slot, Diverged(0)
    ticked = time.monotonic()
    while live and step < last:
        losses = gradients(step)
        step += 1
        look = step in wanted
        before = {slot: lane.watched.detach().clone() for slot, lane in live.items()} if look else {}
        raw = {slot: lane.watched.grad.clone() for slot, lane in live.items() if look and lane.watched.grad is not None}
        for slot, lane in live.items():
            lane.course.losses.append(losses[slot])
            lane.course.step = step
            advance(lane.optimizers, _once)
        if look or len(next(iter(live.values())).course.losses) == CHECK_EVERY:
            for slot, diverged in [(slot, lane.course.diverged()) for slot, lane in live.items()]:
                if diverged is not None:
                    del live[slot]
                    yield slot, Diverged(diverged)
        if look:
            for slot, lane in tuple(live.items()):
                if bool(torch.isfinite(lane.watched).all()):
                    yield slot, Look(step, lane.course.mean(), raw.get(slot), lane.watched.detach() - before[slot])
                else:
                    del live[slot]
                    yield slot, Diverged(step)
            ticked = time.monotonic()
        elif time.monotonic() - ticked > TICK_S:
            yield Tick(step, between=True)
            ticked = time.monotonic()


def _once() -> NoReturn:
    raise ValueError("a stack has one gradient a step; this optimizer asks for another")
