"""ResNet-20: a convolution, three stages of three residual blocks of 16, 32 and 64 channels, a linear layer."""

from torch import nn

from workers.science.models.residual import ResidualNetwork


def build(shape: tuple[int, ...], n_classes: int, *, width: int = 1) -> nn.Module:
    """Build a network from pictures `(n, *shape)` to logits `(n, n_classes)`, its weights still to be initialised.

    `width` multiplies all numbers of channels. 270,896 prunable weights and 272,474 parameters on 3×32×32, ten classes
    and width 1.
    Source: He et al. 2016, arXiv 1512.03385, section 4.2, with their projection shortcuts (B) instead of padded ones
    (A), as Frankle & Carbin 2019 have.
    """
    return ResidualNetwork(shape[0], n_classes, widths=(16 * width, 32 * width, 64 * width), blocks=3)
