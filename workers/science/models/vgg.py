"""VGG networks with batch norm for small pictures: 3×3 convolutions, five pools, one linear layer."""

from collections import OrderedDict
from collections.abc import Sequence

from torch import nn

from workers.science.models.blank import Conv2d, Linear


def vgg_network(shape: tuple[int, ...], n_classes: int, stages: Sequence[Sequence[int]]) -> nn.Module:
    """Build a network from pictures `(n, *shape)` to logits `(n, n_classes)`, its weights still to be initialised.

    Each number of `stages` makes a convolution of that many channels with same padding, a batch norm and a ReLU. After
    each stage comes a 2×2 max pool, after the last the mean over what is left.

    Raises `ValueError` for pictures that the pools shrink to nothing.
    Source: Simonyan & Zisserman 2014, arXiv 1409.1556, table 1. Batch norms and one linear layer are those of Frankle &
    Carbin 2019 and Liu et al. 2019 on CIFAR-10.
    """
    channels, height, width = shape
    if min(height, width) >> len(stages) < 1:
        raise ValueError(f"pictures of {height}×{width} are too small for {len(stages)} pools of 2×2")
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for stage, widths in enumerate(stages, 1):
        for number, n_out in enumerate(widths, 1):
            name = f"{stage}_{number}"
            layers[f"conv{name}"] = Conv2d(channels, n_out, kernel_size=3, padding=1, bias=False)
            layers[f"norm{name}"] = nn.BatchNorm2d(n_out)
            layers[f"relu{name}"] = nn.ReLU()
            channels = n_out
        layers[f"pool{stage}"] = nn.MaxPool2d(2)
    layers["mean"] = nn.AdaptiveAvgPool2d(1)
    layers["flatten"] = nn.Flatten()
    layers["fc"] = Linear(channels, n_classes)
    return nn.Sequential(layers)
