"""What the figures drawn from the artifacts `pyramid` share: the layers of the network, and what they wait for."""

from collections import defaultdict
from collections.abc import Mapping
from math import prod
from typing import Any, NamedTuple

from app.masks.codec import size_of
from app.plotting.source import Source, Tensors
from app.plotting.words import Part

PYRAMID = "pyramid"


class Layer(NamedTuple):
    """A prunable layer; `shape` is that of its kernel, `(n_out, n_in, *kernel)`."""

    name: str
    shape: tuple[int, ...]

    @property
    def size(self) -> tuple[int, int]:
        """Return rows and columns of its mask."""
        return size_of(self.shape)

    @property
    def weights(self) -> int:
        """Return how many weights it has."""
        return prod(self.shape)

    @property
    def kernel(self) -> int:
        """Return positions of its kernel, which are its columns for each input channel; 1 for a linear layer."""
        return prod(self.shape[2:])

    def sums(self, tensors: Tensors, kind: str) -> Any | None:
        """Return its "rows", "columns" or "strata" in an artifact; None where that has none."""
        return tensors.get(f"{self.name}.weight.{kind}")


def layers(source: Source[Any]) -> tuple[Layer, ...]:
    """Return the layers in the order of the network; none before the run has logged them."""
    recorded = source.run.provenance.get("layers", ())
    return tuple(Layer(str(layer["name"]), tuple(int(n) for n in layer["shape"])) for layer in recorded)


def saved(source: Source[Any]) -> Mapping[int, Mapping[int, Tensors]]:
    """Return the artifacts by level and replicate, both in order."""
    tensors: dict[int, dict[int, Tensors]] = defaultdict(dict)
    for name, replicate, level in sorted(source.artifacts, key=lambda place: (place[2], place[1])):
        if name == PYRAMID:
            tensors[level][replicate] = source.artifacts[name, replicate, level]
    return tensors


def unknown(source: Source[Any], layer: str) -> tuple[Part, ...]:
    """Return the answer to the name of a layer that the network does not have."""
    names = ", ".join(source.layers)
    known = f"This network has the layers {names}." if names else "Its layers are not known yet."
    return (Part(f"No layer is named {layer!r}. {known}"),)


def awaited(source: Source[Any], level: int | None = None) -> tuple[Part, ...]:
    """Return what an empty figure waits for, or why it stays empty; `level` is the one that it shows, if only one."""
    which = "" if level is None else f" of level {level}"
    if source.live:
        return (Part(f"The mask{which} is saved when its training starts."),)
    return (Part(f"Nothing to show: no sums of a mask{which} were saved."),)
