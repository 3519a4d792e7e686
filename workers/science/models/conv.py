"""The convolutional networks of Frankle & Carbin: pairs of 3×3 convolutions, a pool after each, linear 256-256."""

from collections import OrderedDict
from collections.abc import Sequence

from torch import nn

from workers.science.models.blank import Conv2d, Linear


def conv_network(shape: tuple[int, ...], n_classes: int, widths: Sequence[int]) -> nn.Module:
    """Build a network from pictures `(n, *shape)` to logits `(n, n_classes)`, its weights still to be initialised.

    Each of `widths` makes two convolutions of that many channels with same padding, then a 2×2 max pool.

    Raises `ValueError` for pictures that the pools shrink to nothing.
    Source: Frankle & Carbin 2019, arXiv 1803.03635, figure 2 (scaled-down VGG, Simonyan & Zisserman 2014).
    """
    channels, height, width = shape
    height, width = height >> len(widths), width >> len(widths)
    if min(height, width) < 1:
        raise ValueError(f"pictures of {shape[1]}×{shape[2]} are too small for {len(widths)} pools of 2×2")

    layers: OrderedDict[str, nn.Module] = OrderedDict()
    n_in = channels
    for pair, n_out in enumerate(widths):
        for i in (2 * pair + 1, 2 * pair + 2):
            layers[f"conv{i}"] = Conv2d(n_in, n_out, kernel_size=3, padding=1)
            layers[f"relu_conv{i}"] = nn.ReLU()
            n_in = n_out
        layers[f"pool{pair + 1}"] = nn.MaxPool2d(2)
    layers["flatten"] = nn.Flatten()
    layers["fc1"] = Linear(n_in * height * width, 256)
    layers["relu_fc1"] = nn.ReLU()
    layers["fc2"] = Linear(256, 256)
    layers["relu_fc2"] = nn.ReLU()
    layers["fc3"] = Linear(256, n_classes)
    return nn.Sequential(layers)
