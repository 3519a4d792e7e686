"""A layer that picks some of its inputs."""

import torch
from torch import Tensor, nn


class Gather(nn.Module):
    """Of inputs `(n, n_in, ...)` those at `index`, `(n_kept,)` int64, in that order: `(n, n_kept, ...)`."""

    index: Tensor

    def __init__(self, index: Tensor) -> None:
        super().__init__()
        self.register_buffer("index", index)

    def forward(self, x: Tensor) -> Tensor:
        return torch.index_select(x, 1, self.index)
