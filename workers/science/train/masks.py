"""Masks as a hook: pruned weights, and what optimizers remember of them, are exactly 0 after every step."""

from collections.abc import Collection, Mapping
from typing import ClassVar

import torch
from torch import Tensor

from workers.science.train.hooks import Hook
from workers.science.train.layout import Layout


class Masks(Hook):
    """Masks by slot and parameter name (bool, True = kept), held from before the first evaluation.

    Gradients are masked before the optimizers and weights after them. A slot without masks keeps all; parameters that
    the layout does not train dense, such as sparse rows, hold their own masks.
    """

    name: ClassVar[str] = "masks"

    def __init__(self, layout: Layout, masks: Mapping[int, Mapping[str, Tensor]]) -> None:
        self._layout = layout
        named = {name for own in masks.values() for name in own}
        self._kernels = {name: kernel for name, kernel in layout.kernels.items() if name in named}
        self._tensors: list[Tensor] = list(self._kernels.values())
        # As numbers, in the type of the weights.
        self._factors = {name: torch.ones_like(kernel, requires_grad=False) for name, kernel in self._kernels.items()}
        self._masks = list(self._factors.values())
        self._changed: set[int] = set()
        for slot, own in masks.items():
            self._fill(slot, own)

    def change(self, slot: int, masks: Mapping[str, Tensor]) -> None:
        """Let other masks hold from now on, between two steps; a checkpoint then keeps them."""
        self._changed.add(slot)
        self._fill(slot, masks)
        self._mask_weights()

    def masks(self, slot: int) -> dict[str, Tensor]:
        """Return the masks of a slot as they are now: bool copies on the CPU."""
        return {name: self._layout.part(factor, slot).bool().cpu().clone() for name, factor in self._factors.items()}

    def on_join(self, slot: int) -> None:
        self._mask_weights()

    def after_backward(self, step: int, live: Collection[int]) -> None:
        gradients = [kernel.grad for kernel in self._tensors if kernel.grad is not None]
        masks = self._masks
        if len(gradients) < len(masks):  # the loss does not depend on some
            masks = [mask for kernel, mask in zip(self._tensors, masks, strict=True) if kernel.grad is not None]
        _multiply(gradients, masks)

    def after_step(self, step: int, live: Collection[int]) -> None:
        self._mask_weights()

    def state(self, slot: int) -> dict[str, Tensor]:
        return self.masks(slot) if slot in self._changed else {}

    def load(self, slot: int, tensors: Mapping[str, Tensor]) -> None:
        if tensors:
            self._changed.add(slot)
            self._fill(slot, tensors)

    def _fill(self, slot: int, masks: Mapping[str, Tensor]) -> None:
        for name, mask in masks.items():
            if name in self._factors:
                self._layout.part(self._factors[name], slot).copy_(mask)

    def _mask_weights(self) -> None:
        _multiply(self._tensors, self._masks)


@torch.no_grad()
def _multiply(tensors: list[Tensor], masks: list[Tensor]) -> None:
    if tensors:
        torch._foreach_mul_(tensors, masks)
