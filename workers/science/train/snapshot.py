"""The state of a network after a chosen step, kept by a hook."""

from collections.abc import Collection, Mapping
from typing import ClassVar

from torch import Tensor

from workers.science.train.hooks import Hook
from workers.science.train.layout import Layout


class Snapshot(Hook):
    """The `taken` state of the network in a slot after `step` updates, as copies on the CPU; empty before."""

    name: ClassVar[str] = "snapshot"

    def __init__(self, layout: Layout, slot: int, step: int) -> None:
        self._layout, self._slot, self._step = layout, slot, step
        self.taken: Mapping[str, Tensor] = {}

    def after_step(self, step: int, live: Collection[int]) -> None:
        if step + 1 == self._step and self._slot in live:
            self.taken = self._layout.state(self._slot)

    def state(self, slot: int) -> dict[str, Tensor]:
        return dict(self.taken) if slot == self._slot else {}

    def load(self, slot: int, tensors: Mapping[str, Tensor]) -> None:
        if slot == self._slot:
            self.taken = tensors
