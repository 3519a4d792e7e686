"""What layers and products do to the dimensions of their operands: `rule(shape of the result, *operands)`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from workers.science.architecture.errors import NotDefined
from workers.science.architecture.factors import Factor, fix, mix, product, tie

Shape: TypeAlias = Sequence[int]
Dimensions: TypeAlias = list[Factor]


@dataclass(frozen=True)
class Operand:
    """A tensor as rules see it: its dimensions, outermost first."""

    dimensions: Dimensions


Rule: TypeAlias = Callable[..., Any]


def fixed(shape: Shape) -> Dimensions:
    """Return dimensions of their own whose entries stay where they are."""
    return [Factor(size, fixed=True) for size in shape]


def elementwise(shape: Shape, *operands: Any, **more: Any) -> Dimensions:
    """Tie the dimensions of all operands, aligned at the innermost; one of size 1 is repeated."""
    factors: list[Factor | None] = [None] * len(shape)
    for operand in (*operands, *more.values()):
        if not isinstance(operand, Operand):
            continue
        for place, factor in enumerate(operand.dimensions, len(shape) - len(operand.dimensions)):
            known = factors[place]
            if factor.size == 1 < shape[place]:
                continue
            if known is None:
                factors[place] = factor
            else:
                tie(known, factor)
    return [Factor(size, fixed=True) if factor is None else factor for size, factor in zip(shape, factors, strict=True)]


def in_place(shape: Shape, *operands: Any, **more: Any) -> Dimensions:
    """Return an operation that looks at places, such as a lower triangle: all entries stay."""
    result = elementwise(shape, *operands, **more)
    fix(*result)
    return result


def linear(_shape: Shape, x: Operand, weight: Operand, bias: Operand | None = None) -> Dimensions:
    n_out, n_in = weight.dimensions
    tie(n_in, x.dimensions[-1])
    if bias is not None:
        tie(bias.dimensions[0], n_out)
    return [*x.dimensions[:-1], n_out]


def convolution(
    shape: Shape, x: Operand, weight: Operand, bias: Operand | None = None, _stride: Any = 1, _padding: Any = 0,
    _dilation: Any = 1, groups: int = 1, **_more: Any,
) -> Dimensions:  # fmt: skip
    """Return units of which each of `groups` runs reads channels of its own; positions stay."""
    n_out, n_in, *kernel = weight.dimensions
    run = Factor(groups)
    tie(x.dimensions[1], product([run, n_in]))
    tie(n_out, product([run, Factor(n_out.size // groups)]))
    fix(*kernel)
    if bias is not None:
        tie(bias.dimensions[0], n_out)
    return [x.dimensions[0], n_out, *fixed(shape[2:])]


def pool(shape: Shape, x: Operand, *_args: Any, **_more: Any) -> Dimensions:
    kept = len(x.dimensions) - 2
    return [*x.dimensions[:2], *fixed(shape[-kept:])]


def batch_norm(
    _shape: Shape, x: Operand, running_mean: Any = None, running_var: Any = None, weight: Any = None, bias: Any = None,
    *_args: Any, **_more: Any,
) -> Dimensions:  # fmt: skip
    for vector in (running_mean, running_var, weight, bias):
        if vector is not None:
            tie(vector.dimensions[0], x.dimensions[1])
    return x.dimensions


def layer_norm(
    _shape: Shape,
    x: Operand,
    normalized_shape: Shape,
    weight: Any = None,
    bias: Any = None,
    _eps: float = 0.0,
    **_more: Any,
) -> Dimensions:  # fmt: skip
    last = x.dimensions[-len(normalized_shape) :]
    for vector in (weight, bias):
        for own, factor in zip(() if vector is None else vector.dimensions, last, strict=False):
            tie(own, factor)
    for factor in last:
        mix(factor, "layer_norm")
    return x.dimensions


def group_norm(
    _shape: Shape, x: Operand, num_groups: int, weight: Any = None, bias: Any = None,
    _eps: float = 0.0, **_more: Any,
) -> Dimensions:  # fmt: skip
    channels = x.dimensions[1]
    tie(channels, product([Factor(num_groups), Factor(channels.size // num_groups)]))
    for vector in (weight, bias):
        if vector is not None:
            tie(vector.dimensions[0], channels)
    mix(channels, "group_norm")
    return x.dimensions


def embedding(_shape: Shape, x: Operand, weight: Operand, *_args: Any, **_more: Any) -> Dimensions:
    fix(weight.dimensions[0])
    return [*x.dimensions, weight.dimensions[1]]


def matmul(shape: Shape, a: Operand, b: Operand) -> Dimensions:
    left, right = a.dimensions, b.dimensions
    if min(len(left), len(right)) < 2:
        raise NotDefined("it multiplies vectors by matmul, which is not followed")
    tie(left[-1], right[-2])
    mix(left[-1], "matmul")
    return [*elementwise(shape[:-2], Operand(left[:-2]), Operand(right[:-2])), left[-2], right[-1]]


def attention(
    _shape: Shape, query: Operand, key: Operand, value: Operand, attn_mask: Any = None, *_args: Any, **_more: Any
) -> Dimensions:
    q, k, v = query.dimensions, key.dimensions, value.dimensions
    scores = matmul([factor.size for factor in (*q[:-1], k[-2])], query, Operand([*k[:-2], k[-1], k[-2]]))
    if isinstance(attn_mask, Operand):
        elementwise([factor.size for factor in scores], Operand(scores), attn_mask)
    mix(scores[-1], "softmax")
    return matmul([factor.size for factor in (*q[:-1], v[-1])], Operand(scores), value)


def softmax(_shape: Shape, x: Operand, dim: int, *_args: Any, **_more: Any) -> Dimensions:
    mix(x.dimensions[dim], "softmax")
    return x.dimensions
