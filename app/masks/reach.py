"""Paths of kept weights through a network whose architecture is known."""

from collections.abc import Callable, Mapping, Sequence
from math import ceil, prod
from typing import TypeAlias

import numpy as np

from app.contract.architecture import Kernel
from app.masks.codec import Bits
from app.masks.collapse import Counts, Gap
from app.masks.connectivity import carried
from app.masks.overlap import Floats
from app.masks.routes import INPUT, Network

Masks: TypeAlias = Callable[[str], Bits | None]
"""The packed mask of a kernel by its name, None for one that is never pruned, such as an embedding."""


def paths(network: Network, name: str, unit: int, masks: Masks) -> list[tuple[str, Floats]]:
    """Return how many paths lead from a unit to the units of each kernel behind it, in forward order.

    Kernels that no route leads to are left out. A convolution counts as many paths as it has kept positions in its
    kernel, and an addition those of all its terms.
    """
    start = np.zeros(network.kernel(name).units)
    start[unit] = 1
    reached: dict[str, Floats] = {name: start}
    for kernel in network.kernels:
        if kernel.name != name and any(route.before in reached for route in network.routes(kernel.name)):
            reached[kernel.name] = _through(kernel, _inputs(network, kernel, reached), masks)
    return [(kernel, counts) for kernel, counts in reached.items() if kernel != name]


def readers(network: Network, name: str, unit: int, masks: Masks) -> dict[str, int]:
    """Return how many kept weights of each kernel that reads a layer read one of its units."""
    start = np.zeros(network.kernel(name).units)
    start[unit] = 1
    readers: dict[str, int] = {}
    for kernel in network.kernels:
        if any(route.before == name for route in network.routes(kernel.name)):
            readers[kernel.name] = int(_through(kernel, _inputs(network, kernel, {name: start}), masks).sum())
    return readers


def first_cut(network: Network, names: Sequence[str], masks: Masks) -> int | None:
    """Return which of the kernels `names` is the first from which on no path from the input leads; None without one.

    None too where any path reaches an output. Kernels without one, such as those of a residual block that keeps no
    weight, then have a shortcut around them.
    """
    reached: dict[str, Floats] = {}
    for kernel in network.kernels:
        values = np.ones(kernel.inputs) if INPUT in kernel.reads else _inputs(network, kernel, reached)
        reached[kernel.name] = (_through(kernel, values, masks) > 0).astype(np.float64)
    return _last_gap(network, names, {name: bool(values.any()) for name, values in reached.items()})


def gap(
    network: Network, names: Sequence[str], counts: Sequence[Counts], search: Callable[[], int | None]
) -> Gap | None:
    """Return where a network has collapsed, None where it has not; `names` are those of its pruned kernels.

    `search` is `first_cut` of the masks; it is called only where counts prove neither a path nor that there is none.
    """
    least = _least(network, dict(zip(names, counts, strict=True)))
    if _last_gap(network, names, {name: n > 0 for name, n in least.items()}) is None:
        return None
    empty = tuple(number for number, count in enumerate(counts) if count.kept == 0)
    most = _most(network, dict(zip(names, counts, strict=True)))
    cut = _last_gap(network, names, most)
    if cut is None:
        cut = search()
    return None if cut is None else Gap(empty, cut, bridged=False)


def _inputs(network: Network, kernel: Kernel, reached: Mapping[str, Floats]) -> Floats:
    total = np.zeros(kernel.inputs)
    for route in network.routes(kernel.name):
        if route.before in reached:
            total += route.sums(reached[route.before], kernel.inputs)
    return total


def _through(kernel: Kernel, values: Floats, masks: Masks) -> Floats:
    bits = masks(kernel.name)
    if bits is None:
        return np.full(kernel.units, values.sum())
    return carried(values, bits, kernel.shape, kernel.groups)


def _last_gap(network: Network, names: Sequence[str], reached: Mapping[str, bool]) -> int | None:
    """Return the first of the kernels at the end that are not reached; None where the output is."""
    read = {name for kernel in network.kernels for name in kernel.reads}
    if any(reached[kernel.name] for kernel in network.kernels if kernel.name not in read):
        return None
    cut = None
    for kernel in reversed(network.kernels):
        if reached[kernel.name]:
            break
        cut = names.index(kernel.name) if kernel.name in names else cut
    return cut


def _most(network: Network, counts: Mapping[str, Counts]) -> dict[str, bool]:
    """Return whether each kernel can be reached; only layers without any kept weight count as cut."""
    reached: dict[str, bool] = {}
    for kernel in network.kernels:
        fed = INPUT in kernel.reads or any(reached[route.before] for route in network.routes(kernel.name))
        reached[kernel.name] = fed and (kernel.name not in counts or counts[kernel.name].kept > 0)
    return reached


def _least(network: Network, counts: Mapping[str, Counts]) -> dict[str, int]:
    """Return a lower bound of each kernel's reached units: as many as the kept weights on reached inputs need."""
    reached: dict[str, int] = {}
    for kernel in network.kernels:
        degrees = counts.get(kernel.name)
        if degrees is None or kernel.groups > 1:
            reached[kernel.name] = kernel.units if degrees is None else 0
            continue
        lost = 0 if INPUT in kernel.reads else kernel.inputs
        for route in network.routes(kernel.name):
            lost = min(lost, kernel.inputs - reached[route.before] * route.width)
        read, alive = kernel.inputs - degrees.dead_inputs, kernel.units - degrees.dead_units
        size = prod(kernel.shape[2:])
        kept = degrees.kept - min(lost, read) * kernel.units * size
        bound = alive if lost == 0 else max(ceil(kept / (kernel.inputs * size)), int(lost < read))
        reached[kernel.name] = max(bound, 0)
    return reached
