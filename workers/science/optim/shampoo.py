"""Shampoo: gradients whitened along each side of a kernel."""

from typing import Any

import torch
from torch import nn


def build(model: nn.Module, *, lr: float = 0.3, weight_decay: float = 0.0) -> list[torch.optim.Optimizer]:
    """Build one Shampoo over all parameters: w ← w − lr · L^(−1/4) G R^(−1/4).

    L and R are sums of GGᵀ and GᵀG, from 1e-6 · 1. A kernel of k axes has a sum per axis, to the power −1/(2k). Every
    root is taken anew at every step, by an SVD, as published and unlike the distributed versions; no grafting, no
    momentum. Weight decay is added to G. An update writes into masked entries too; the state is of rows and columns,
    not of weights.

    Source: Gupta, Koren & Singer 2018, arXiv 1802.09568, algorithms 1 and 2; pytorch_optimizer.Shampoo.
    """
    # Here, because the package imports all its optimizers.
    from pytorch_optimizer import Shampoo

    optimizer = Shampoo(model.parameters(), lr=lr, weight_decay=weight_decay)
    optimizer.register_step_post_hook(_forget_update)
    return [optimizer]


def _forget_update(optimizer: torch.optim.Optimizer, *_: Any) -> None:
    """Drop the last update, which it keeps for a momentum that there is not: it holds numbers of masked weights."""
    for state in optimizer.state.values():
        state.pop("momentum_buffer", None)
