"""Which units a mask cuts off, and the paths of kept weights from a unit to the outputs."""

from collections.abc import Sequence
from math import prod
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from app.masks.codec import Bits, unpack

Floats: TypeAlias = NDArray[np.float64]


def dead(bits: Bits, shape: tuple[int, ...], groups: int = 1) -> tuple[int, int]:
    """Count dead inputs and dead units of a layer: `n_in` that no kept weight reads, `n_out` that no kept weight feeds.

    An input of a convolution is a whole channel. `shape` is `(n_out, n_in / groups, *kernel)`: each of `groups` equal
    runs of units reads inputs of its own, in a depthwise convolution one channel.
    """
    channels, kernel = (shape[1], prod(shape[2:])) if len(shape) > 1 else (prod(shape), 1)
    rows = bits.reshape(groups, -1, bits.shape[1])
    read = unpack(np.bitwise_or.reduce(rows, axis=1), channels * kernel)
    dead_inputs = int((~read.reshape(groups * channels, kernel).any(axis=1)).sum())
    return dead_inputs, int((~bits.any(axis=1)).sum())


def spread_of(units: int, columns: int) -> int | None:
    """Return how many columns of a layer read each of the `units` before it.

    None when the two do not follow each other.
    One in linear layers; more where pictures are flattened, channel by channel.
    """
    return columns // units if units and columns % units == 0 else None


def paths(unit: int, units: int, below: Sequence[tuple[Bits, tuple[int, ...], int]]) -> list[Floats]:
    """Count paths of kept weights from one unit to the units of each layer behind it, nearest first.

    `units` is how many units its own layer has; `below` are the following layers' masks, shapes and groups, in order.
    Each array is `(n_out,)`: the number of paths that reach each unit, 0 where none does. The list ends where a layer's
    inputs are not the units before it. A convolution counts as many paths as it has kept positions in its kernel.
    """
    reach = np.zeros(units)
    reach[unit] = 1
    paths: list[Floats] = []
    for bits, shape, groups in below:
        inputs = shape[1] * groups if len(shape) > 1 else 0
        spread = spread_of(len(reach), inputs)
        if spread is None:
            break
        reach = carried(np.repeat(reach, spread), bits, shape, groups)
        paths.append(reach)
    return paths


def carried(inputs: Floats, bits: Bits, shape: tuple[int, ...], groups: int = 1) -> Floats:
    """Return for each unit of a layer the sum over its kept weights of what their inputs `(n_in,)` have."""
    kernel = prod(shape[2:])
    live = np.repeat(inputs, kernel)
    if groups > 1:
        rows = unpack(bits, shape[1] * kernel).reshape(groups, -1, shape[1] * kernel)
        grouped: Floats = np.einsum("grc,gc->gr", rows, live.reshape(groups, -1))
        return grouped.reshape(-1)
    columns = np.flatnonzero(live)
    # Only the bytes that hold a column that is reached: deep layers of a sparse ticket are reached by few.
    wanted = np.unique(columns >> 3)
    mask = np.unpackbits(bits[:, wanted], axis=1)
    weight = np.zeros(8 * len(wanted))
    weight[8 * np.searchsorted(wanted, columns >> 3) + (columns & 7)] = live[columns]
    return np.asarray(mask @ weight)
