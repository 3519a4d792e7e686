"""Dimensions keep track of their entries through reshapes, and two that are tied have the same parts."""

from itertools import accumulate
from math import prod

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from app.contract.architecture import Axis
from workers.science.architecture.factors import Factor, blocks, concatenation, fix, leaves, reshaped, tie
from workers.science.architecture.permute import permuted

SHAPES = ((24,), (2, 12), (3, 8), (4, 6), (6, 4), (2, 3, 4), (4, 1, 3, 2), (8, 3), (12, 2))


def axes(dimensions: list[Factor]) -> dict[Factor, list[Axis]]:
    """Where each leaf that is not fixed lies."""
    axes: dict[Factor, list[Axis]] = {}
    for number, dimension in enumerate(dimensions):
        for start, parts in blocks(dimension):
            for place, leaf in enumerate(parts):
                if not leaf.fixed and leaf.size > 1:
                    outer, inner = (prod(item.size for item in side) for side in (parts[:place], parts[place + 1 :]))
                    axes.setdefault(leaf, []).append(Axis("", number, start, outer, inner))
    return axes


def rolled(tensor: Tensor, leaf: Factor, where: list[Axis]) -> Tensor:
    for axis in where:
        tensor = permuted(tensor, axis, torch.arange(leaf.size).roll(1))
    return tensor


@given(st.lists(st.sampled_from(SHAPES), min_size=2, max_size=4))
def test_a_permutation_commutes_with_reshapes(shapes: list[tuple[int, ...]]) -> None:
    tensors = [torch.arange(24).reshape(shape) for shape in shapes]
    seen = [[Factor(size) for size in shapes[0]]]
    for shape in shapes[1:]:
        seen.append(reshaped(seen[-1], shape))
    first, last = axes(seen[0]), axes(seen[-1])
    assert set(first) == set(last)
    for leaf in first:
        assert torch.equal(
            rolled(tensors[0], leaf, first[leaf]).reshape(shapes[-1]), rolled(tensors[-1], leaf, last[leaf])
        )


SUMS = ((10,), (4, 6), (1, 9), (4, 3, 3), (2, 2, 6), (1, 3, 6))


@given(st.lists(st.sampled_from(SUMS), min_size=2, max_size=4))
def test_tied_sums_are_cut_at_the_same_entries(sums: list[tuple[int, ...]]) -> None:
    dimensions = [concatenation([Factor(size) for size in sizes]) for sizes in sums]
    for other in dimensions[1:]:
        tie(dimensions[0], other)
    edges = sorted({edge for sizes in sums for edge in accumulate(sizes, initial=0)} - {10})
    for dimension in dimensions:
        assert [start for start, _ in blocks(dimension)] == edges
        assert large(dimension) == large(dimensions[0])


def large(dimension: Factor) -> list[Factor]:
    """A leaf of one entry has nothing to trade places with."""
    return [leaf for leaf in leaves(dimension) if leaf.size > 1]


def test_what_does_not_match_is_fixed() -> None:
    six, four = Factor(6), Factor(4)
    wide = reshaped([six, four], (24,))[0]
    other = reshaped([Factor(4), Factor(6)], (24,))[0]
    tie(wide, other)
    assert all(leaf.fixed for leaf in (*leaves(wide), *leaves(other)))


def test_what_is_tied_to_something_fixed_is_fixed() -> None:
    a, b, c = Factor(12), Factor(12), Factor(12)
    tie(a, b)
    tie(b, c)
    three, four = reshaped([a], (3, 4))
    fix(three)
    assert [leaf.fixed for leaf in leaves(c)] == [True, False]
    assert four.root() is leaves(b)[1]
