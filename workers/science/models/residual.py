"""Residual networks for small pictures: blocks of two 3×3 convolutions with batch norms, and a shortcut around each."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from workers.science.models.blank import Conv2d, Linear


class Block(nn.Module):
    """relu(norm(conv(relu(norm(conv(x))))) + shortcut(x)); a change of shape takes a 1×1 convolution with a norm."""

    def __init__(self, n_in: int, n_out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = Conv2d(n_in, n_out, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(n_out)
        self.conv2 = Conv2d(n_out, n_out, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(n_out)
        self.shortcut = nn.Sequential()
        if stride > 1 or n_in != n_out:
            self.shortcut = nn.Sequential(Conv2d(n_in, n_out, 1, stride, bias=False), nn.BatchNorm2d(n_out))

    def forward(self, x: Tensor) -> Tensor:
        """Return `(n, n_out, height / stride, width / stride)`, halves rounded up, from `(n, n_in, height, width)`."""
        y = self.norm2(self.conv2(torch.relu(self.norm1(self.conv1(x)))))
        return torch.relu(y + self.shortcut(x))


class ResidualNetwork(nn.Module):
    """A 3×3 convolution, stages of blocks, the mean over positions, a linear layer.

    All stages but the first begin by halving the picture.
    """

    def __init__(self, n_channels: int, n_classes: int, widths: Sequence[int], blocks: int) -> None:
        super().__init__()
        self.conv = Conv2d(n_channels, widths[0], 3, 1, 1, bias=False)
        self.norm = nn.BatchNorm2d(widths[0])
        stages = [
            nn.Sequential(*[Block(n_in if i == 0 else n_out, n_out, stride if i == 0 else 1) for i in range(blocks)])
            for (n_in, n_out), stride in zip(pairwise([widths[0], *widths]), [1, *[2] * len(widths)], strict=False)
        ]
        self.stages = nn.Sequential(*stages)
        self.fc = Linear(widths[-1], n_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits `(n, n_classes)` of pictures `(n, n_channels, height, width)`."""
        x = self.stages(torch.relu(self.norm(self.conv(x))))
        return self.fc(x.mean((2, 3)))  # type: ignore[no-any-return]
