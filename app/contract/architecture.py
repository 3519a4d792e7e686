"""What a model consists of: its kernels in forward order, and its groups of tied units.

Workers read it off the model (`workers.science.architecture`); the numeric plan of a run holds it as JSON.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias

from pydantic import TypeAdapter

Role: TypeAlias = Literal[
    "first", "hidden", "output", "shortcut", "embedding", "query", "key", "value", "query_key_value", "attention_out"
]


@dataclass(frozen=True)
class Kernel:
    """A weight `(n_out, n_in, *kernel)` that a linear layer or convolution multiplies by, or an embedding's table.

    `reads` names the kernels whose outputs it sees, with nothing but activations, norms, pools, sums and the like
    between; "" is the model's input. `heads` is that of the attention that it belongs to, 0 without one. Each of
    `groups` equal runs of units reads inputs of its own, `n_in` of them.
    """

    name: str
    shape: tuple[int, ...]
    role: Role
    reads: tuple[str, ...]
    heads: int = 0
    groups: int = 1

    @property
    def unit_axis(self) -> int:
        """Return the axis of its units: an embedding's table is `(n_in, n_out)`."""
        return 1 if self.role == "embedding" else 0

    @property
    def units(self) -> int:
        """Return the number of units."""
        return self.shape[self.unit_axis]

    @property
    def inputs(self) -> int:
        """Return the number of inputs, those of all groups."""
        return self.shape[1 - self.unit_axis] * self.groups


@dataclass(frozen=True)
class Axis:
    """Where the units of a group are on one axis of one parameter or buffer.

    Unit u has the entries `start + (o · size + u) · inner + i`. Here `size` is the group's, 0 ≤ o < outer and 0 ≤ i <
    inner.
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

    def to_json(self) -> Any:
        """Return what `from_json` reads: lists, numbers and texts."""
        return _ADAPTER.dump_python(self, mode="json", exclude_defaults=True)

    @classmethod
    def from_json(cls, value: Any) -> "Architecture":
        """Return the architecture that `to_json` was called on. Raises `ValueError`."""
        return _ADAPTER.validate_python(value)

    @cached_property
    def by_name(self) -> Mapping[str, Kernel]:
        """Return kernels by their names."""
        return {kernel.name: kernel for kernel in self.kernels}

    def on(self, tensor: str, axis: int) -> Sequence[tuple[Group, Axis]]:
        """Return the groups whose units are on one axis of a tensor, and where; none where its entries are fixed."""
        return self._axes.get((tensor, axis), ())

    @cached_property
    def _axes(self) -> Mapping[tuple[str, int], Sequence[tuple[Group, Axis]]]:
        axes: dict[tuple[str, int], list[tuple[Group, Axis]]] = {}
        for group in self.groups:
            for axis in group.axes:
                axes.setdefault((axis.tensor, axis.axis), []).append((group, axis))
        return axes


_ADAPTER: TypeAdapter[Architecture] = TypeAdapter(Architecture)
