"""Layer collapse: where a pruned network is cut, so that its output no longer depends on its input.

Prunable layers are taken in their order as one chain; where sizes do not fit, only empty layers are known.
"""

from collections.abc import Callable, Iterable, Sequence
from math import ceil, prod
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from app.masks.chain import follows
from app.masks.codec import Bits

Shape: TypeAlias = tuple[int, ...]
Masks: TypeAlias = Iterable[tuple[Bits, Shape]]


class Counts(NamedTuple):
    """What is counted of one layer's mask: kept weights, inputs that none reads and units that none feeds."""

    kept: int
    dead_inputs: int
    dead_units: int


class Gap(NamedTuple):
    """Layers, by their place in the network, that no signal passes.

    `empty` keep no weight. `cut` is the first layer that no path of kept weights from the inputs passes, None where
    sizes do not determine the order. `bridged`: sizes allow that a shortcut leads around `cut`.
    """

    empty: tuple[int, ...]
    cut: int | None
    bridged: bool


def gap(shapes: Sequence[Shape], counts: Sequence[Counts], search: Callable[[], int | None]) -> Gap | None:
    """Return where a network of layers `(n_out, n_in, *kernel)` has collapsed, None where it has not.

    `search` is `first_cut` of the masks; it is called only where counts alone do not prove a path.
    """
    empty = tuple(number for number, count in enumerate(counts) if count.kept == 0)
    if not chained(shapes):
        return Gap(empty, None, bridged=True) if empty else None
    cut: int | None = empty[0] if empty else None
    if cut is None and not connected(shapes, counts):
        cut = search()
    return None if cut is None else Gap(empty, cut, bridged=_bridged(shapes, cut))


def chained(shapes: Sequence[Shape]) -> bool:
    """Return whether the inputs of each layer can be the units of the one before it."""
    return all(len(shape) > 1 for shape in shapes) and all(map(follows, shapes, shapes[1:]))


def connected(shapes: Sequence[Shape], counts: Sequence[Counts]) -> bool:
    """Return whether counts alone prove that a path of kept weights leads through the chain.

    Follows a lower bound of the units that are reached: at least as many as the kept weights on reached inputs need.
    """
    reached = shapes[0][0] - counts[0].dead_units
    for before, shape, count in zip(shapes, shapes[1:], counts[1:], strict=False):
        inputs, kernel = shape[1], prod(shape[2:])
        lost = (before[0] - reached) * (inputs // before[0])
        read = inputs - count.dead_inputs
        carried = count.kept - min(lost, read) * shape[0] * kernel
        alive = shape[0] - count.dead_units
        reached = alive if lost == 0 else max(ceil(carried / (inputs * kernel)), int(lost < read))
        if reached <= 0:
            return False
    return reached > 0


def first_cut(masks: Masks) -> int | None:
    """Return the first layer none of whose units a path of kept weights from the inputs reaches; None without one."""
    reached: NDArray[np.bool_] | None = None
    for number, (bits, shape) in enumerate(masks):
        before = np.ones(shape[1], bool) if reached is None else np.repeat(reached, shape[1] // len(reached))
        columns = np.packbits(np.repeat(before, prod(shape[2:])))
        reached = np.asarray((bits & columns).any(axis=1))
        if not reached.any():
            return number
    return None


def _bridged(shapes: Sequence[Shape], cut: int) -> bool:
    """Return whether an identity shortcut could bridge the cut: an activation before it is as wide as one behind it."""
    widths = [shapes[0][1], *(shape[0] for shape in shapes)]
    return not set(widths[: cut + 1]).isdisjoint(widths[cut + 1 :])
