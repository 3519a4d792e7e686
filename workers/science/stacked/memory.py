"""What the optimizers of a stack remember of the network in one slot, to be saved and given back.

Tensors of theirs with axes are stacked as parameters are; the others, such as a count of steps, are all slots' own.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from workers.science.optim import state


def dump(optimizers: Sequence[torch.optim.Optimizer], slot: int) -> tuple[list[Any], dict[str, Tensor]]:
    """What `workers.science.optim.state.dump` would tell of the optimizers of that network alone."""
    return state.dump(optimizers, lambda tensor: tensor[slot] if tensor.dim() else tensor)


def load(
    optimizers: Sequence[torch.optim.Optimizer],
    slot: int,
    slots: int,
    told: Sequence[Any],
    tensors: Mapping[str, Tensor],
) -> None:
    """Have the optimizers of a stack of `slots` networks remember of that in `slot` what `dump` told.

    What they know of the others stays; all must have made as many steps. Raises `ValueError` when they are other
    optimizers than those.
    """

    def widen(kept: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
        """The state of one parameter, stacked, with the slot's own put into what is there already."""
        wide = dict(now)
        for name, value in kept.items():
            if isinstance(value, Tensor) and value.dim():
                if name not in wide:
                    wide[name] = value.new_zeros((slots, *value.shape))
                wide[name][slot].copy_(value)
            else:
                wide[name] = value
        return wide

    state.load(optimizers, told, tensors, widen)
