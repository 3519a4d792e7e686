"""ResNet-18 for small pictures: four stages of two residual blocks of 64 to 512 channels."""

from torch import nn

from workers.science.models.residual import ResidualNetwork


def build(shape: tuple[int, ...], n_classes: int) -> nn.Module:
    """Build a network from pictures `(n, *shape)` to logits `(n, n_classes)`, its weights still to be initialised.

    11,164,352 prunable weights and 11,173,962 parameters on 3×32×32 and ten classes.
    Source: He et al. 2016, arXiv 1512.03385, table 1. A 3×3 convolution without a pool replaces the 7×7 one with a
    pool, as is usual for pictures of 32×32.
    """
    return ResidualNetwork(shape[0], n_classes, widths=(64, 128, 256, 512), blocks=2)
