"""SOAP: Adam in the eigenbasis of Shampoo."""

import torch
from torch import nn


def build(
    model: nn.Module,
    *,
    lr: float = 3e-3,
    betas: tuple[float, float] = (0.95, 0.95),
    weight_decay: float = 0.0,
    precondition_frequency: int = 10,
) -> list[torch.optim.Optimizer]:
    """Build one SOAP over all parameters; vectors move by Adam. Weight decay is apart from the gradient.

    The first step only computes the eigenbasis and moves nothing. It is then turned every `precondition_frequency`
    steps by one power iteration. An axis of more than 10,000 entries keeps its own basis. An update writes into masked
    entries too. The mean gradient is 0 there; its squares are of directions in the eigenbasis, not of weights.

    Source: Vyas et al. 2024, arXiv 2409.11321, algorithm 3; pytorch_optimizer.SOAP, whose default weight decay of 0.01
    is not taken over.
    """
    # Here, because the package imports all its optimizers.
    from pytorch_optimizer import SOAP

    return [
        SOAP(
            model.parameters(),
            lr=lr,
            betas=betas,
            weight_decay=weight_decay,
            precondition_frequency=precondition_frequency,
        )
    ]
