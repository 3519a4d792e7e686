"""SGD: gradient steps, with momentum and weight decay."""

import torch
from torch import nn


def build(
    model: nn.Module, *, lr: float = 0.1, momentum: float = 0.0, weight_decay: float = 0.0
) -> list[torch.optim.Optimizer]:
    """Build one SGD over all parameters; weight decay is added to the gradient and momentum is not Nesterov's.

    Source: torch.optim.SGD.
    """
    return [torch.optim.SGD(model.parameters(), lr=lr, momentum=momentum, weight_decay=weight_decay)]
