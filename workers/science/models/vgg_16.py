"""VGG-16 with batch norm: thirteen convolutions of 64 to 512 channels, five pools, a linear layer."""

from torch import nn

from workers.science.models.vgg import vgg_network


def build(shape: tuple[int, ...], n_classes: int) -> nn.Module:
    """Build a network from pictures `(n, *shape)` to logits `(n, n_classes)`, its weights still to be initialised.

    14,715,584 prunable weights and 14,724,042 parameters on 3×32×32 and ten classes.
    Source: Simonyan & Zisserman 2014, arXiv 1409.1556, table 1, column D, with the changes of `vgg_network`.
    """
    stages = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
    return vgg_network(shape, n_classes, stages)
