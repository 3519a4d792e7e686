"""SGD with momentum: gradient steps that carry on."""

import torch
from torch import nn


def build(
    model: nn.Module, *, lr: float = 0.1, momentum: float = 0.9, weight_decay: float = 0.0
) -> list[torch.optim.Optimizer]:
    """Build one SGD over all parameters: v ← momentum · v + g, w ← w − lr · v.

    It is not Nesterov's; weight decay is added to g.

    Source: Polyak 1964; torch.optim.SGD, where the rate also multiplies what carries over.
    """
    return [torch.optim.SGD(model.parameters(), lr=lr, momentum=momentum, weight_decay=weight_decay)]
