"""Dimensions of tensors as products and sums of factors, and the rules by which two dimensions become one.

A dimension is a factor. Flattening makes a product (outermost part first), concatenation a sum. Two dimensions that an
operation pairs entry by entry are tied. Both are cut into the same parts, and each pair of parts becomes one factor.
Whatever cannot be followed is fixed, which is always right: fixed entries just stay where they are.
"""

from collections.abc import Sequence
from itertools import accumulate
from math import prod
from typing import Literal


class Factor:
    """`size` entries.

    A leaf has no parts, may be `fixed`, and knows which operations combine its entries, `mixed_by`. One that was tied
    to another factor refers to it as `same`.
    """

    def __init__(
        self, size: int, *, fixed: bool = False, form: Literal["leaf", "product", "sum"] = "leaf",
        parts: Sequence["Factor"] = (),
    ) -> None:  # fmt: skip
        self.size, self.fixed, self.form, self.parts = size, fixed, form, list(parts)
        self.same: Factor | None = None
        self.mixed_by: set[str] = set()

    def root(self) -> "Factor":
        """Return the factor that this one is by now."""
        factor = self
        while factor.same is not None:
            factor = factor.same
        return factor


def product(parts: Sequence[Factor]) -> Factor:
    """Return the dimension that has these dimensions flattened into one, the outermost first."""
    large = [part for part in parts if part.size > 1]
    if len(large) == 1:
        return large[0]
    return Factor(prod(part.size for part in large), fixed=not large, form="product" if large else "leaf", parts=large)


def concatenation(parts: Sequence[Factor]) -> Factor:
    """Return the dimension that has these one behind the other."""
    return parts[0] if len(parts) == 1 else Factor(sum(part.size for part in parts), form="sum", parts=parts)


def leaves(factor: Factor) -> list[Factor]:
    """Return the leaves that a dimension consists of."""
    factor = factor.root()
    return [factor] if factor.form == "leaf" else [leaf for part in factor.parts for leaf in leaves(part)]


def fix(*factors: Factor) -> None:
    """Have all entries stay where they are."""
    for factor in factors:
        for leaf in leaves(factor):
            leaf.fixed = True


def mix(factor: Factor, operation: str) -> None:
    """Record that an operation combines the entries of a dimension, all in the same way."""
    for leaf in leaves(factor):
        leaf.mixed_by.add(operation)


def factors_of(factor: Factor) -> list[Factor]:
    """Return the factors of a product, none of them a product; a factor that is none is its own."""
    factor = factor.root()
    if factor.form != "product":
        return [factor] if factor.size > 1 else []
    return [item for part in factor.parts for item in factors_of(part)]


def terms_of(factor: Factor) -> list[Factor]:
    """Return the terms of a sum, none of them a sum; products of an outermost sum are written out."""
    factor = factor.root()
    if factor.form == "sum":
        return [item for part in factor.parts for item in terms_of(part)]
    if factor.form == "product":
        first, *rest = factors_of(factor)
        if first.form == "sum":
            return [item for term in terms_of(first) for item in terms_of(product([term, *rest]))]
    return [factor]


def divide(leaf: Factor, sizes: Sequence[int]) -> list[Factor]:
    """Make a leaf a product of new leaves of these sizes, and return them."""
    return _grow(leaf, "product", sizes)


def cut(factor: Factor, size: int) -> list[Factor] | None:
    """Cut a dimension, no sum, after `size` entries, and return both parts; None where that is not possible."""
    outer, *inner = factors_of(factor)
    width = prod(item.size for item in inner)
    if outer.form != "leaf" or size % width:
        return None
    halves = _grow(outer, "sum", (size // width, outer.size - size // width))
    return [product([half, *inner]) for half in halves]


def _grow(leaf: Factor, form: Literal["product", "sum"], sizes: Sequence[int]) -> list[Factor]:
    leaf.form, leaf.parts = form, [Factor(size, fixed=leaf.fixed) for size in sizes]
    for part in leaf.parts:
        part.mixed_by |= leaf.mixed_by
    return leaf.parts


def tie(a: Factor, b: Factor) -> None:
    """Make two dimensions of one size the same entries in the same order; fix both where their parts do not match."""
    a, b = a.root(), b.root()
    if a is b:
        return
    if a.size != b.size:
        raise ValueError(f"dimensions of {a.size} and {b.size} entries are not the same")
    if a.form != "leaf":
        a, b = b, a
    if a.form == "leaf":
        if a.fixed:
            fix(b)
        for operation in a.mixed_by:
            mix(b, operation)
        a.same = b
    elif not (_tie_terms(a, b) if "sum" in (_shape(a), _shape(b)) else _tie_factors(a, b)):
        fix(a, b)


def _shape(factor: Factor) -> str:
    return "sum" if len(terms_of(factor)) > 1 else "product"


def _tie_factors(a: Factor, b: Factor) -> bool:
    """Tie two products from the innermost factor on; whether they match."""
    left, right = factors_of(a), factors_of(b)
    while left and right:
        x, y = _last(left), _last(right)
        if x.size == y.size:
            tie(x, y)
            continue
        if x.size < y.size:
            left, right, x, y = right, left, y, x
        if x.form != "leaf" or x.size % y.size:
            return False
        rest, inner = divide(x, (x.size // y.size, y.size))
        left.append(rest)
        tie(inner, y)
    return not left and not right


def _tie_terms(a: Factor, b: Factor) -> bool:
    """Tie two dimensions, at least one of them a sum, term by term; whether they match."""
    left, right = terms_of(a)[::-1], terms_of(b)[::-1]
    while left and right:
        x, y = _first(left), _first(right)
        if x.size == y.size:
            tie(x, y)
            continue
        if x.size < y.size:
            left, right, x, y = right, left, y, x
        halves = cut(x, y.size)
        if halves is None:
            return False
        left.append(halves[1])
        tie(halves[0], y)
    return not left and not right


def _last(factors: list[Factor]) -> Factor:
    """Take the innermost factor, which may have been divided since the list was built."""
    factors.extend(factors_of(factors.pop()))
    return factors.pop()


def _first(terms: list[Factor]) -> Factor:
    """Take the first term of a reversed list; it may have been cut since the list was built."""
    terms.extend(terms_of(terms.pop())[::-1])
    return terms.pop()


def reshaped(dimensions: Sequence[Factor], shape: Sequence[int]) -> list[Factor]:
    """Return the dimensions of a tensor that has the entries of another in the same order, but this shape."""
    left = [factor for dimension in dimensions for factor in factors_of(dimension)]
    factors: list[Factor] = []
    for size in reversed(shape):
        parts: list[Factor] = []
        while (missing := size // prod(part.size for part in parts)) > 1:
            factor = _last(left)
            if missing % factor.size == 0:
                parts.insert(0, factor)
            elif factor.form == "leaf" and factor.size % missing == 0:
                rest, inner = divide(factor, (factor.size // missing, missing))
                left.append(rest)
                parts.insert(0, inner)
            else:
                fix(*dimensions)
                return [Factor(length, fixed=True) for length in shape]
        factors.insert(0, product(parts))
    return factors


def blocks(factor: Factor) -> list[tuple[int, list[Factor]]]:
    """Return the runs of entries that are products of leaves, each with the number of entries before it.

    A sum that is not the outermost factor has no such runs: it is fixed and is a leaf of its own.
    """
    terms = terms_of(factor)
    starts = accumulate((term.size for term in terms), initial=0)
    return [(start, [_leaf(item) for item in factors_of(term)]) for start, term in zip(starts, terms, strict=False)]


def _leaf(factor: Factor) -> Factor:
    if factor.form == "leaf":
        return factor
    fix(factor)
    return Factor(factor.size, fixed=True)
