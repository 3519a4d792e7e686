"""The frozen description of a model: its kernels in forward order and its groups of tied units."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

Role: TypeAlias = Literal[
    "first", "hidden", "output", "shortcut", "embedding", "query", "key", "value", "query_key_value", "attention_out"
]


@dataclass(frozen=True)
class Kernel:
    """A weight `(n_out, n_in, *kernel)` that a linear layer or convolution multiplies by, or an embedding's table.

    `reads` names the kernels whose outputs it sees, with nothing but activations, norms, pools, sums and the like
    between; "" is the model's input. `heads` is that of the attention that it belongs to, 0 without one.
    """

    name: str
    shape: tuple[int, ...]
    role: Role
    reads: tuple[str, ...]
    heads: int = 0


@dataclass(frozen=True)
class Axis:
    """Where the units of a group are on one axis of one parameter or buffer.

    Unit u of `size` has the entries `start + (o · size + u) · inner + i`, for all o < outer and i < inner.
    """

    tensor: str
    axis: int
    start: int = 0
    outer: int = 1
    inner: int = 1

    def entries(self, unit: int, size: int) -> list[int]:
        """Return the entries of a unit of a group of `size` units."""
        return [self.start + (o * size + unit) * self.inner + i for o in range(self.outer) for i in range(self.inner)]


@dataclass(frozen=True)
class Group:
    """Units that may trade places, the same way on all `axes`, and leave the model's function as it is.

    `mixed_by` names operations that combine the units with each other, such as a layer norm: leaving units out
    changes what it does to the others.
    """

    size: int
    axes: tuple[Axis, ...]
    mixed_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Architecture:
    """Kernels in forward order, groups in the order in which kernels first have them."""

    kernels: tuple[Kernel, ...]
    groups: tuple[Group, ...]

    def kernel(self, name: str) -> Kernel:
        """Return the kernel of that name. Raises `KeyError`."""
        return self.by_name[name]

    @property
    def by_name(self) -> Mapping[str, Kernel]:
        """Kernels by their names."""
        return {kernel.name: kernel for kernel in self.kernels}

    def on(self, tensor: str, axis: int) -> Iterator[tuple[Group, Axis]]:
        """Yield the groups whose units are on one axis of a tensor, and where; none where its entries are fixed."""
        for group in self.groups:
            for place in group.axes:
                if (place.tensor, place.axis) == (tensor, axis):
                    yield group, place
