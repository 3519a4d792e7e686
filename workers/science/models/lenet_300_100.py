"""LeNet-300-100: two hidden linear layers."""

from collections import OrderedDict
from math import prod

from torch import nn

from workers.science.models.blank import Linear


def build(shape: tuple[int, ...], n_classes: int) -> nn.Module:
    """Build a network from pictures `(n, *shape)` to logits `(n, n_classes)`, its weights still to be initialised.

    266,200 prunable weights on 28×28 and ten classes. Source: LeCun et al. 1998; Frankle & Carbin 2019, figure 2.
    """
    return nn.Sequential(
        OrderedDict(
            flatten=nn.Flatten(),
            fc1=Linear(prod(shape), 300),
            relu1=nn.ReLU(),
            fc2=Linear(300, 100),
            relu2=nn.ReLU(),
            fc3=Linear(100, n_classes),
        )
    )
