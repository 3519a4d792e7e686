"""The memory of the optimizers of a stack for the network in one slot, to be saved and restored.

Tensors of theirs with axes are stacked as parameters are; the others, such as a count of steps, are all slots' own.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from workers.science.optim import state


def dump(optimizers: Sequence[torch.optim.Optimizer], slot: int) -> tuple[list[Any], dict[str, Tensor]]:
    """Return what `workers.science.optim.state.dump` gives of the optimizers of that network alone."""
    return state.dump(optimizers, lambda tensor: tensor[slot] if tensor.dim() else tensor)


def load(
    optimizers: Sequence[torch.optim.Optimizer],
    slot: int,
    slots: int,
    values: Sequence[Any],
    tensors: Mapping[str, Tensor],
) -> None:
    """Restore in the optimizers of a stack of `slots` networks what `dump` gave of that in `slot`.

    What they know of the others stays; all must have made as many steps. Raises `ValueError` when they are other
    optimizers than those.
    """

    def widen(kept: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
        """Return the state of one parameter, stacked, with the slot's own put into what is there already."""
        wide = dict(now)
        for name, value in kept.items():
            if isinstance(value, Tensor) and value.dim():
                if name not in wide:
                    wide[name] = value.new_zeros((slots, *value.shape))
                wide[name][slot].copy_(value)
            else:
                wide[name] = value
        return wide

    state.load(optimizers, values, tensors, widen)
