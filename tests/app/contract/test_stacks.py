"""Stacks of trainings: in their order, as even as can be, and of two or more."""

import pytest

from app.contract.stacks import cut, even


@pytest.mark.parametrize(
    ("most", "said"),
    [(1, []), (2, ["a b", "c d"]), (3, ["a b c", "d e"]), (4, ["a b c d"]), (5, ["a b c d e"])],
)
def test_a_stack_is_divided_in_its_order_and_what_is_by_itself_is_not_named(most: int, said: list[str]) -> None:
    assert cut(["a", "b", "c", "d", "e"], most) == said


@pytest.mark.parametrize(
    ("n", "most", "sizes"),
    [(0, 4, []), (1, 4, []), (5, 1, []), (5, 4, [3, 2]), (6, 4, [3, 3]), (8, 8, [8]), (3, 2, [2])],
)
def test_an_empty_slot_costs_as_much_so_stacks_are_even(n: int, most: int, sizes: list[int]) -> None:
    assert [len(stack.split()) for stack in even([f"reinit/{i}" for i in range(n)], most)] == sizes
