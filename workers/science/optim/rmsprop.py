"""RMSprop: steps divided by the gradient's running root mean square."""

import torch
from torch import nn


def build(
    model: nn.Module, *, lr: float = 1e-3, alpha: float = 0.99, weight_decay: float = 0.0
) -> list[torch.optim.Optimizer]:
    """Build one RMSprop over all parameters, uncentred, without momentum; epsilon is 1e-8, outside the root.

    Not corrected for its start: the running mean begins at 0, so a first step is lr / sqrt(1 − alpha) long.

    Source: Tieleman & Hinton 2012, lecture 6.5; torch.optim.RMSprop, whose default rate of 0.01 is not taken over.
    """
    return [torch.optim.RMSprop(model.parameters(), lr=lr, alpha=alpha, weight_decay=weight_decay)]
