"""In which order of axes the files of a network store its kernels, and in which order its layers follow each other."""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from app.imports.layers import Layer, times
from app.imports.limits import MAX_SIDE, MAX_WEIGHTS
from app.imports.names import is_flax
from app.imports.refused import Refused
from app.imports.turning import flax_axes, transposed_axes
from app.masks.chain import by_name, chain, natural
from app.masks.codec import size_of

_TRANSPOSED: Final = re.compile(
    r"(^|_)(up|up_?conv|de_?conv|t_?conv|conv_?t|(conv_?)?transposed?(conv)?|conv_?transpose_?\dd)_?\d*$", re.IGNORECASE
)
_DEPTHWISE: Final = re.compile(r"(^|_)(dw|depth_?wise|dw_?conv|conv_?dw|depth_?wise_?conv)_?\d*$", re.IGNORECASE)
_HEADS: Final = 3
"""Linear layers up to which a network with convolutions is one whose linear layers come last."""


class Kernel(NamedTuple):
    """A kernel as it is shown: `shape` is `(n_out, n_in / groups, *kernel)`.

    `axes` is the order of the file's axes that gives it, None where it is so already; `why` is the reason in words.
    """

    name: str
    shape: tuple[int, ...]
    axes: tuple[int, ...] | None = None
    groups: int = 1
    why: str = ""

    @property
    def key(self) -> str:
        """Return its parameter's name, as artifacts have it."""
        return f"{self.name}.weight"

    @property
    def size(self) -> tuple[int, int]:
        """Return rows and columns of its matrix."""
        return size_of(self.shape)


def network(layers: Sequence[Layer], file: str) -> list[Kernel]:
    """Return the kernels of a network in the order in which they follow each other. Raises Refused for one too large.

    That is the natural order of their names, unless only another one forms a chain of shapes. Where neither decides, up
    to three linear layers of a network with convolutions come last.
    """
    stored = {layer.name: layer for layer in layers}
    flax = {name: is_flax(layer.stem) for name, layer in stored.items()}
    turned = {
        name: _permuted(layer.stored, flax_axes(len(layer.stored))) if flax[name] else layer.stored
        for name, layer in stored.items()
    }
    kernels: dict[str, Kernel] = {}
    backwards = _only_transposed({name: shape for name, shape in turned.items() if not flax[name] and len(shape) > 2})
    for name in _ordered(turned):
        if backwards and not flax[name] and len(turned[name]) > 2:
            kernels[name] = _transposed(name, turned[name])
        else:
            kernels[name] = _kernel(name, turned[name], stored[name].stored, flax[name], list(kernels.values()))
    shapes = {name: kernel.shape for name, kernel in kernels.items()}
    order = _ordered({name: (shape[0], shape[1] * kernels[name].groups, *shape[2:]) if len(shape) > 1
                      else shape for name, shape in shapes.items()})  # fmt: skip
    kernels_in_order = [kernels[name] for name in order]
    for kernel in kernels_in_order:
        _check_size(kernel, stored[kernel.name], file)
    return kernels_in_order


def _ordered(shapes: Mapping[str, tuple[int, ...]]) -> list[str]:
    order = chain(shapes)
    if order is not None:
        return list(order)
    linear = [name for name, shape in shapes.items() if len(shape) == 2]
    heads = set(linear) if len(linear) <= _HEADS and len(linear) < len(shapes) else set()
    return sorted(shapes, key=lambda name: (name in heads, by_name(name)))


def _kernel(name: str, shape: tuple[int, ...], stored: tuple[int, ...], flax: bool, before: Sequence[Kernel]) -> Kernel:
    """Return one kernel with the order of its axes, by its name and by the units of the layer before it."""
    units = before[-1].shape[0] if before else None
    called = [part for part in name.split(".") if not part.isdecimal()]
    last = called[-1] if called else ""
    if flax:
        why = f"stored ({', '.join(['kernel'] * (len(stored) > 2) + ['inputs', 'units'])}) as in Flax: transposed"
        return Kernel(name, shape, flax_axes(len(shape)), 1, why)
    if len(shape) < 3:
        return Kernel(name, shape)
    if _TRANSPOSED.search(last) and not (units == shape[1] != shape[0]):
        return _transposed(name, shape)
    if shape[1] == 1 and shape[0] > 1:
        if units is not None and units > 1 and shape[0] % units == 0:
            return _depthwise(name, shape, units)
        if _DEPTHWISE.search(last):
            return _depthwise(name, shape, shape[0])
    return Kernel(name, shape)


def _only_transposed(shapes: Mapping[str, tuple[int, ...]]) -> bool:
    """Return whether numbered convolutions read the ones before them only as transposed ones, stored inputs first."""
    if len({re.sub(r"\d+", "0", name) for name in shapes}) > 1:
        return False
    pairs = list(pairwise(shapes[name] for name in sorted(shapes, key=natural)))
    as_stored = any(one[0] == two[1] for one, two in pairs)
    return bool(pairs) and not as_stored and all(one[1] == two[0] for one, two in pairs)


def _transposed(name: str, shape: tuple[int, ...]) -> Kernel:
    axes = transposed_axes(len(shape))
    why = "a transposed convolution, stored (inputs, units, kernel): transposed"
    return Kernel(name, _permuted(shape, axes), axes, 1, why)


def _depthwise(name: str, shape: tuple[int, ...], groups: int) -> Kernel:
    return Kernel(name, shape, None, groups, "a depthwise convolution: each unit has its own input channel")


def _permuted(shape: tuple[int, ...], axes: Sequence[int]) -> tuple[int, ...]:
    return tuple(shape[axis] for axis in axes)


def _check_size(kernel: Kernel, layer: Layer, file: str) -> None:
    tensor = layer.decides.name
    if layer.weights > MAX_WEIGHTS:
        message = f"has {layer.weights:,} weights; a layer may have 1 to {MAX_WEIGHTS:,}"
        raise Refused(file, message, tensor=tensor, field="shape", status=413)
    side = max(size_of(kernel.shape))
    if side > MAX_SIDE:
        message = f"{times(layer.stored)} has {side:,} rows or columns as a matrix; at most {MAX_SIDE:,} are allowed"
        raise Refused(file, message, tensor=tensor, field="shape", status=413)
