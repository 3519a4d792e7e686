"""Hooks: what may be added to a training, from masks to measurements, without a change of the loop."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from torch import Tensor

from workers.science.train.events import SlotEvent


class Hook:
    """Does nothing at each moment of a training; a hook overrides the moments that it is for.

    `live` are the slots whose networks are being trained: neither those that have diverged nor those that join later.
    Checkpoints hold the `state` of a hook with a `name`.
    """

    name: ClassVar[str] = ""

    def on_join(self, slot: int) -> None:
        """Act when the network of a slot is about to be trained from its current state."""

    def before_step(self, step: int, live: Collection[int]) -> None:
        """Act before the gradients of update `step`, counted from 0, are computed."""

    def after_backward(self, step: int, live: Collection[int]) -> None:
        """Act on the gradients of update `step`; twice in it where an optimizer needs a second gradient."""

    def after_step(self, step: int, live: Collection[int]) -> None:
        """Act on the weights once update `step` has been made."""

    def measure(self, step: int, means: Mapping[int, float]) -> Iterator[SlotEvent]:
        """Yield what is measured after `step` updates; a slot for which Diverged is yielded has ended.

        `means` are the mean losses of the live slots since the last measurement; NaN in the first.
        """
        return iter(())

    def at_end(self, live: Collection[int]) -> Iterator[SlotEvent]:
        """Yield what is measured after the last step."""
        return iter(())

    def state(self, slot: int) -> dict[str, Tensor]:
        """Return what has to be remembered of the network in a slot, for a training to go on in another process."""
        return {}

    def load(self, slot: int, tensors: Mapping[str, Tensor]) -> None:
        """Remember what `state` gave for the network in a slot, before it joins."""


class Enter(Hook):
    """Puts the networks of slots where they belong, with what optimizers remember of them, once they join."""

    def __init__(self, enter: Mapping[int, Callable[[], None]]) -> None:
        self._enter = enter

    def on_join(self, slot: int) -> None:
        if slot in self._enter:
            self._enter[slot]()


def acting(hooks: Sequence[Hook], moment: str) -> list[Callable[..., Any]]:
    """Return the methods named `moment` of the hooks that override it, so that a step calls no others."""
    return [getattr(hook, moment) for hook in hooks if getattr(type(hook), moment) is not getattr(Hook, moment)]
