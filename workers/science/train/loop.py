"""The training loop: networks of a layout, from one step to another, with hooks at each."""

import time
from collections.abc import Collection, Container, Iterator, Mapping, Sequence
from functools import partial
from math import nan
from typing import NoReturn

import torch
from torch import Tensor

from workers.science.optim.step import step as update
from workers.science.train.batches import Feed
from workers.science.train.events import Diverged, SlotEvent, Tick
from workers.science.train.hooks import Hook, acting
from workers.science.train.layout import Layout
from workers.science.train.state import LoopState

TICK_S = 0.05
CHECK_EVERY = 100
"""Steps between looks at the losses. A look waits for the device; only at fixed steps are bits the same each time."""


class Every:
    """Each multiple of `every`, and `steps` itself."""

    def __init__(self, every: int, steps: int) -> None:
        self._every, self._steps = every, steps

    def __contains__(self, step: object) -> bool:
        return isinstance(step, int) and (step % self._every == 0 or step == self._steps)


def train(
    layout: Layout,
    optimizers: Sequence[torch.optim.Optimizer],
    feed: Feed,
    states: Mapping[int, LoopState],
    hooks: Sequence[Hook] = (),
    *,
    steps: int,
    start: int = 0,
    measured: Container[int] = (),
    stops: Container[int] = (),
    check_every: int = CHECK_EVERY,
) -> Iterator[SlotEvent]:
    """Make updates `start` to `steps` - 1 of the networks in the slots of `states`, and yield what happens to each.

    Hooks measure at `start`, and after the steps that are `measured`. A Tick of each live slot comes at every step of
    `stops`. It comes at least every 0.1 s, unless a single step or piece of an evaluation takes longer. A loss that is
    not finite ends the training in its slot with Diverged, when all others are between two steps; they do not notice.

    Each state is kept up to date, for a caller to read at a Tick `between` steps. One that has begun joins at its
    current step, with weights, optimizers and hooks as they were then. Slots without a state are computed and never
    read. So the bits of a network depend on its slot and the number of slots alone.
    """
    before, backward, after = (acting(hooks, moment) for moment in ("before_step", "after_backward", "after_step"))
    later = {slot: state for slot, state in states.items() if state.lost is None}
    live: dict[int, LoopState] = {}
    lost = {slot: Diverged(state.lost) for slot, state in states.items() if state.lost is not None}

    def gradients(x: Tensor, y: Tensor, step: int) -> Sequence[Tensor]:
        losses = layout.gradients(x, y)
        for act in backward:
            act(step, live)
        return losses

    def measure(step: int, means: dict[int, float]) -> Iterator[SlotEvent]:
        for act in acting(hooks, "measure"):
            for slot, event in act(step, means.copy()):
                if isinstance(event, Diverged):
                    del means[slot]
                    lost[slot], live.pop(slot).lost = event, event.step
                else:
                    yield slot, event

    def ended() -> Iterator[SlotEvent]:
        yield from lost.items()
        lost.clear()

    layout.network.train()
    step, ticked = start, time.monotonic()
    yield from ended()
    while live or later:
        if not live:
            step = min(state.step for state in later.values())
        if later:
            joining = [slot for slot, state in later.items() if state.step == step]
            for slot in joining:
                live[slot] = later.pop(slot)
                for hook in hooks:
                    hook.on_join(slot)
            yield from _ticks(joining, Tick(step))
            if step == start:
                yield from measure(step, dict.fromkeys(live, nan))
                yield from ended()
        if step == steps:
            break
        if not live:
            continue
        for act in before:
            act(step, live)
        x, y = feed(step)
        losses = gradients(x, y, step)
        update(optimizers, partial(gradients, x, y, step) if layout.repeats else _refuse)
        for act in after:
            act(step, live)

        step += 1
        check = due = step in measured
        for slot, state in live.items():
            state.step = step
            state.losses.append(losses[slot])
            check |= len(state.losses) == check_every
        if check:
            for slot, state in tuple(live.items()):
                if (reading := state.read()) is not None:
                    lost[slot] = Diverged(reading)
                    del live[slot]
        if due and live:
            yield from _ticks(live, Tick(step))
            yield from measure(step, {slot: state.mean() for slot, state in live.items()})
        yield from ended()
        if due or step in stops or time.monotonic() - ticked > TICK_S:
            yield from _ticks(live, Tick(step, between=step < steps))
            ticked = time.monotonic()
    for act in acting(hooks, "at_end") if live else ():
        yield from act(live)


def _ticks(slots: Collection[int], tick: Tick) -> Iterator[SlotEvent]:
    for slot in tuple(slots):
        yield slot, tick


def _refuse() -> NoReturn:
    raise ValueError("a stack has one gradient a step; this optimizer asks for another")
