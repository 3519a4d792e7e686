"""What a query consists of once it is read."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Operator: TypeAlias = Literal[":", "=", "!=", "<", "<=", ">", ">="]


@dataclass(frozen=True)
class Word:
    """Text that must occur in what a run is found by, or begin its id."""

    text: str


@dataclass(frozen=True)
class Comparison:
    """A field compared with values: any of them for `:` and `=`, none of them for `!=`, a single one otherwise.

    `at` is the position of the field in the query, from 0, and `value_at` that of the values.
    """

    field: str
    operator: Operator
    values: tuple[str, ...]
    at: int
    value_at: int


@dataclass(frozen=True)
class Not:
    """What must not hold."""

    term: "Term"


@dataclass(frozen=True)
class All:
    """Terms that all must hold; none holds for every run."""

    terms: tuple["Term", ...]


@dataclass(frozen=True)
class Either:
    """Terms of which one must hold."""

    terms: tuple["Term", ...]


Term: TypeAlias = Word | Comparison | Not | All | Either
