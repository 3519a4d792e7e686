"""AdamW: Adam with weight decay decoupled from the gradient."""

import torch
from torch import nn


def build(
    model: nn.Module, *, lr: float = 1.2e-3, betas: tuple[float, float] = (0.9, 0.999), weight_decay: float = 0.01
) -> list[torch.optim.Optimizer]:
    """Build one AdamW over all parameters, biases too; each step first shrinks them by lr · weight_decay.

    Source: Loshchilov & Hutter 2019, arXiv 1711.05101, algorithm 2; fused.
    """
    return [torch.optim.AdamW(model.parameters(), lr=lr, betas=betas, weight_decay=weight_decay, fused=True)]
