"""Lion: steps of one size, along the sign of a running mean."""

import torch
from torch import nn


def build(
    model: nn.Module, *, lr: float = 3e-4, betas: tuple[float, float] = (0.9, 0.99), weight_decay: float = 0.0
) -> list[torch.optim.Optimizer]:
    """Build one Lion over all parameters, biases too; the mean starts at 0 and is not corrected for it.

    Every weight moves by lr or not at all, and shrinks by lr · weight_decay. A pruned weight has gradient and mean 0,
    whose sign is 0: it does not move.

    Source: Chen et al. 2023, arXiv 2302.06675, algorithm 2; pytorch_optimizer.Lion.
    """
    # Here, because the package imports all its optimizers.
    from pytorch_optimizer import Lion

    return [Lion(model.parameters(), lr=lr, betas=betas, weight_decay=weight_decay)]
