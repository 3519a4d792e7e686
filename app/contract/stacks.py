"""Which trainings form one stack of networks: their names, those of a stack in one text."""

from collections.abc import Sequence
from math import ceil


def cut(names: Sequence[str], size: int) -> list[str]:
    """Return stacks of at most so many, such as "reinit/0 reinit/1".

    A training that would be by itself is not named.
    """
    whole = [names[i : i + size] for i in range(0, len(names), size)]
    return [" ".join(stack) for stack in whole if len(stack) > 1]


def even(names: Sequence[str], most: int) -> list[str]:
    """Return stacks of at most so many, as even as can be, as an empty slot costs as much as a full one."""
    return cut(names, ceil(len(names) / ceil(len(names) / most))) if names else []
