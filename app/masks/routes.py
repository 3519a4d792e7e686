"""Which units of one kernel are inputs of another, where the architecture of the network is known."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from app.contract.architecture import Architecture, Axis, Group, Kernel
from app.masks.overlap import Floats, Ints

INPUT = ""


class Route(NamedTuple):
    """How a kernel's inputs follow from the units of the kernel `before`.

    `inputs` `(n_in,)` and `units` `(n_out,)` are labels: units of a label feed the inputs of that label. No unit feeds
    an input whose label is 0. Where both are None, which units feed which inputs is not known.
    """

    before: str
    units: Ints | None
    inputs: Ints | None

    def sums(self, values: Floats, n_in: int) -> Floats:
        """Return for each input the sum of the values of the units that make it, of all where that is not known."""
        if self.units is None or self.inputs is None:
            return np.full(n_in, values.sum())
        totals = np.bincount(self.units, values, minlength=int(self.inputs.max()) + 1)
        return np.where(self.inputs > 0, totals[self.inputs], 0.0)

    @property
    def width(self) -> int:
        """Return how many inputs a unit feeds at least."""
        if self.units is None or self.inputs is None:
            return 0
        counts = np.bincount(self.inputs, minlength=int(self.units.max()) + 1)
        return int(np.where(self.units > 0, counts[self.units], 0).min())


class Network:
    """An architecture with the routes between its kernels, each found once."""

    def __init__(self, architecture: Architecture) -> None:
        self.architecture = architecture
        self._routes: dict[str, tuple[Route, ...]] = {}

    @property
    def kernels(self) -> tuple[Kernel, ...]:
        """Return the kernels in forward order."""
        return self.architecture.kernels

    def kernel(self, name: str) -> Kernel:
        """Return the kernel of that name. Raises KeyError."""
        return self.architecture.by_name[name]

    def routes(self, name: str) -> tuple[Route, ...]:
        """Return the routes to a kernel's inputs, one for each kernel that it reads; none for the network's input.

        What an attention puts out depends on its input through the values: queries and keys only weigh them. Where a
        concatenation holds a sum and one of its terms, the other terms count as feeding both.
        """
        if name not in self._routes:
            self._routes[name] = tuple(_routes(self.architecture, self.kernel(name)))
        return self._routes[name]


def network_of(provenance: Mapping[str, Any]) -> Network | str | None:
    """Return a run's network as a worker described it, or why it has none; None for older runs and imports."""
    described = provenance.get("architecture", {})
    return Network(Architecture.from_json(described)) if "kernels" in described else described.get("reason")


def _routes(architecture: Architecture, kernel: Kernel) -> Iterator[Route]:
    read = [architecture.by_name[name] for name in kernel.reads if name != INPUT]
    if kernel.role == "attention_out":
        read = [item for item in read if item.role in ("value", "query_key_value")] or read
    for before in read:
        labels = (None, None) if kernel.groups > 1 else _labels(architecture, before, kernel)
        yield Route(before.name, *labels)


def _labels(architecture: Architecture, before: Kernel, kernel: Kernel) -> tuple[Ints | None, Ints | None]:
    """Return labels of the units of one kernel and of the inputs of another by the groups that both have.

    0 for neither.
    """
    rows = architecture.on(before.name, before.unit_axis)
    columns = architecture.on(kernel.name, 1 - kernel.unit_axis)
    units, inputs = np.zeros(before.units, np.int64), np.zeros(kernel.inputs, np.int64)
    base = 1
    for group in dict.fromkeys(group for group, _ in columns if any(group is other for other, _ in rows)):
        _number(units, rows, group, base)
        _number(inputs, columns, group, base)
        base *= group.size + 1
    return (units, inputs) if base > 1 else (None, None)


def _number(labels: Ints, axes: Sequence[tuple[Group, Axis]], group: Group, base: int) -> None:
    """Add base, 2 · base, ... to the entries of a group's units, in place."""
    for _, axis in (item for item in axes if item[0] is group):
        span = labels[axis.start : axis.start + axis.outer * group.size * axis.inner]
        span += base * np.tile(np.repeat(np.arange(1, group.size + 1), axis.inner), axis.outer)


def moves(architecture: Architecture, name: str) -> tuple[bool, int]:
    """Return whether all rows of a kernel's matrix may trade places, and in how many equal blocks its columns may.

    One block: they all stay, as they do where only some of them may, or where they are units within heads.
    """
    kernel = architecture.by_name[name]
    rows = architecture.on(name, kernel.unit_axis)
    columns = architecture.on(name, 1 - kernel.unit_axis)
    free = len(rows) == 1 and rows[0][0].size == kernel.units
    if len(columns) != 1 or kernel.groups > 1:
        return free, 1
    group, axis = columns[0]
    whole = axis.outer == 1 and group.size * axis.inner == kernel.inputs
    return free, group.size if whole else 1
