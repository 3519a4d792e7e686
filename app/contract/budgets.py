"""How many weights the prunable kernels of a model have, and how many of them rounds of pruning leave.

The rules of the pruning methods themselves: workers prune by them, and pages plan by them without torch.
"""

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple


class Kernel(NamedTuple):
    """A prunable kernel: its role and its number of weights."""

    role: Literal["linear", "conv", "output"]
    weights: int


def budget(kept: int, rate: float) -> int:
    """Return how many of `kept` weights one round prunes: round(rate · kept), an exact half to the even neighbour."""
    return round(rate * kept)


def kept_layerwise(kept: int, rate: float, rounds: int) -> int:
    """Return how many of a layer's `kept` weights remain after `rounds` rounds at `rate` in [0, 1)."""
    for _ in range(rounds):
        kept -= budget(kept, rate)
    return kept


def kept_pooled(kept: int, available: int, rate: float, rounds: int) -> int:
    """Return how many of the `available` weights remain when each round prunes `rate` of all that are `kept`.

    `kept` counts what is never pruned too; a round takes no more than is available.
    """
    for _ in range(rounds):
        pruned = min(budget(kept, rate), available)
        kept, available = kept - pruned, available - pruned
    return available


def gradual(first: int, last: int, done: float) -> int:
    """Return how many weights are kept when a share `done` of a gradual pruning from `first` to `last` lies behind.

    Source: Zhu & Gupta 2017, arXiv 1710.01878, equation 1, times the number of weights.
    """
    return last + round((first - last) * (1 - done) ** 3)


def pruning_steps(begin: float, end: float, every: int, steps: int) -> range:
    """Return the numbers of updates after which a training of `steps` is pruned, `every` so many, the last at `end`.

    `begin` and `end` are shares of the steps. At `begin` itself nothing is pruned yet. Empty where `every` is too long.
    """
    start = round(begin * steps)
    return range(start + every, round(end * steps) + 1, every)


def linear(n_inputs: int, widths: Sequence[int], n_classes: int) -> Iterator[Kernel]:
    """Yield the kernels of linear layers on `n_inputs` numbers; the output layer comes last."""
    for n_units in widths:
        yield Kernel("linear", n_inputs * n_units)
        n_inputs = n_units
    yield Kernel("output", n_inputs * n_classes)


def convolutional(shape: tuple[int, ...], widths: Sequence[int], n_classes: int) -> Iterator[Kernel]:
    """Yield the kernels of Conv-2, Conv-4 or Conv-6 on pictures `(channels, height, width)`.

    Each of `widths` makes two 3×3 convolutions of that many channels and a 2×2 pool; linear 256-256 and the output
    layer follow.
    """
    channels, height, width = shape
    for n_channels in widths:
        for _ in range(2):
            yield Kernel("conv", 9 * channels * n_channels)
            channels = n_channels
    yield from linear(channels * (height >> len(widths)) * (width >> len(widths)), (256, 256), n_classes)


def stacked(n_channels: int, stages: Sequence[Sequence[int]], n_classes: int) -> Iterator[Kernel]:
    """Yield the kernels of a VGG: 3×3 convolutions of these channels, stage by stage, then the output layer."""
    for width in (width for stage in stages for width in stage):
        yield Kernel("conv", 9 * n_channels * width)
        n_channels = width
    yield from linear(n_channels, (), n_classes)


def transformer(width: int, depth: int, n_classes: int) -> Iterator[Kernel]:
    """Yield the kernels of a transformer: per layer 4 of width², 2 of 4 width², and the output layer."""
    for _ in range(depth):
        yield from (Kernel("linear", factor * width * width) for factor in (1, 1, 1, 1, 4, 4))
    yield from linear(width, (), n_classes)


def residual(n_channels: int, widths: Sequence[int], blocks: int, n_classes: int) -> Iterator[Kernel]:
    """Yield the kernels of a residual network: `blocks` of two 3×3 convolutions per stage, 1×1 where a stage begins."""
    yield Kernel("conv", 9 * n_channels * widths[0])
    n_in = widths[0]
    for width in widths:
        for block in range(blocks):
            yield Kernel("conv", 9 * n_in * width)
            yield Kernel("conv", 9 * width * width)
            if block == 0 and n_in != width:
                yield Kernel("conv", n_in * width)
            n_in = width
    yield from linear(n_in, (), n_classes)
