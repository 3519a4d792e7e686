"""Conv-2: two convolutions, a pool, linear 256-256."""

from torch import nn

from workers.science.models.conv import conv_network


def build(shape: tuple[int, ...], n_classes: int) -> nn.Module:
    """Build a network from pictures `(n, *shape)` to logits `(n, n_classes)`, its weights still to be initialised.

    4,300,992 prunable weights on 3×32×32 and ten classes.
    Source: Frankle & Carbin 2019, arXiv 1803.03635, figure 2.
    """
    return conv_network(shape, n_classes, widths=(64,))
