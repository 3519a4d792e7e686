"""What reductions, and operations that move entries about, do to the dimensions of a tensor."""

from collections.abc import Sequence
from typing import Any

from workers.science.architecture.errors import NotDefined
from workers.science.architecture.factors import Factor, concatenation, fix, mix, reshaped, tie
from workers.science.architecture.operations import Dimensions, Operand, Shape, elementwise


def reduction(_shape: Shape, x: Operand, dim: Any = None, keepdim: bool = False, **_more: Any) -> Dimensions:
    """Return a mean, sum or the like over some dimensions, whose order it does not see."""
    n = len(x.dimensions)
    gone = range(n) if dim is None else [dim % n] if isinstance(dim, int) else [one % n for one in dim]
    for place in gone:
        mix(x.dimensions[place], "reduction")
    if keepdim:
        return [Factor(1, fixed=True) if place in gone else dimension for place, dimension in enumerate(x.dimensions)]
    return [factor for place, factor in enumerate(x.dimensions) if place not in gone]


def reshape(shape: Shape, x: Operand, *_args: Any, **_more: Any) -> Dimensions:
    return reshaped(x.dimensions, shape)


def permute(_shape: Shape, x: Operand, *order: Any) -> Dimensions:
    places = order[0] if isinstance(order[0], tuple | list) else order
    return [x.dimensions[place] for place in places]


def transpose(_shape: Shape, x: Operand, dim0: int, dim1: int) -> Dimensions:
    dimensions = list(x.dimensions)
    dimensions[dim0], dimensions[dim1] = dimensions[dim1], dimensions[dim0]
    return dimensions


def expand(shape: Shape, x: Operand, *_sizes: Any) -> Dimensions:
    return elementwise(shape, x)


def concatenate(_shape: Shape, tensors: Sequence[Operand], dim: int = 0) -> Dimensions:
    place = dim % len(tensors[0].dimensions)
    for other in tensors[1:]:
        for i, (a, b) in enumerate(zip(tensors[0].dimensions, other.dimensions, strict=True)):
            if i != place:
                tie(a, b)
    dimensions = list(tensors[0].dimensions)
    dimensions[place] = concatenation([tensor.dimensions[place] for tensor in tensors])
    return dimensions


def chunks(shapes: Sequence[Shape], x: Operand, *args: Any, dim: int | None = None, **_more: Any) -> list[Operand]:
    """Return a tensor cut into several along one dimension."""
    dim = (args[1] if len(args) > 1 else 0) if dim is None else dim
    chunks: list[Operand] = []
    for part in _parts(x.dimensions[dim], [shape[dim] for shape in shapes]):
        dimensions = list(x.dimensions)
        dimensions[dim] = part
        chunks.append(Operand(dimensions))
    return chunks


def _parts(factor: Factor, sizes: Sequence[int]) -> list[Factor]:
    """Cut a dimension into parts of these sizes; fixed ones where it has none."""
    wanted = [Factor(size) for size in sizes]
    tie(factor, concatenation(wanted))
    return wanted


def item(_shape: Shape, x: Any, index: Any) -> Any:
    """Return `x[index]`: what is picked stays where it is; whole dimensions stay as they are."""
    if not isinstance(x, Operand):
        return x[index]
    dimensions: Dimensions = []
    left = list(x.dimensions)
    indices = list(index) if isinstance(index, tuple) else [index]
    if Ellipsis in indices:
        place = indices.index(Ellipsis)
        missing = len(left) - sum(index is not None for index in indices) + 1
        indices[place : place + 1] = [slice(None)] * missing
    for part in indices:
        if part is None:
            dimensions.append(Factor(1, fixed=True))
            continue
        factor = left.pop(0)
        if isinstance(part, slice) and len(range(factor.size)[part]) == factor.size and (part.step or 1) > 0:
            dimensions.append(factor)
        elif isinstance(part, int | slice):
            fix(factor)
            dimensions += [] if isinstance(part, int) else [Factor(len(range(factor.size)[part]), fixed=True)]
        else:
            raise NotDefined("it indexes a tensor by another one, which is not followed")
    return [*dimensions, *left]


def insert(shape: Shape, x: Operand, dim: int) -> Dimensions:
    place = dim % len(shape)
    return [*x.dimensions[:place], Factor(1, fixed=True), *x.dimensions[place:]]


def pad(shape: Shape, x: Operand, pad: Sequence[int], mode: str = "constant", **_more: Any) -> Dimensions:
    """Return dimensions with constant entries around them, which may trade places; a cropped one is fixed."""
    dimensions = list(x.dimensions)
    for place, (before, after) in enumerate(zip(pad[::2], pad[1::2], strict=True), 1):
        if mode == "constant" and min(before, after) >= 0:
            ends = [Factor(size) for size in (before, after)]
            dimensions[-place] = concatenation([part for part in (ends[0], dimensions[-place], ends[1]) if part.size])
        else:
            fix(dimensions[-place])
            dimensions[-place] = Factor(shape[-place], fixed=True)
    return dimensions


def attribute(shape: Shape, x: Any, name: str) -> Any:
    """Return `x.T` and `x.mT`; other attributes are no tensors."""
    if name == "T":
        return x.dimensions[::-1]
    if name == "mT":
        return transpose(shape, x, -2, -1)
    raise NotDefined(f"the attribute {name} of a tensor is not followed")
