"""The standard deviation of a column over the rows of a group, in either database without loss of digits."""

import math
import sqlite3
from typing import Any

from sqlalchemy import Double
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

_SQLITE = "sample_deviation"


class Deviation(FunctionElement[float]):
    """The standard deviation (n - 1) of the numbers of a group; NULL of fewer than two."""

    type = Double()
    inherit_cache = True


@compiles(Deviation, "sqlite")
def _deviation_sqlite(element: Deviation, compiler: SQLCompiler, **how: Any) -> str:
    return f"{_SQLITE}({compiler.process(element.clauses, **how)})"


@compiles(Deviation, "postgresql")
def _deviation_postgresql(element: Deviation, compiler: SQLCompiler, **how: Any) -> str:
    # By Youngs and Cramer's updates, not from a sum of squares.
    return f"stddev_samp({compiler.process(element.clauses, **how)})"


class _Sample:
    """The numbers of a group, as SQLite hands them over one by one."""

    def __init__(self) -> None:
        self._numbers: list[float | None] = []
        self.step = self._numbers.append

    def finalize(self) -> float | None:
        numbers = [number for number in self._numbers if number is not None]
        if len(numbers) < 2:
            return None
        mean = sum(numbers) / len(numbers)
        return math.dist(numbers, [mean] * len(numbers)) / math.sqrt(len(numbers) - 1)


def prepare(connection: sqlite3.Connection) -> None:
    """Let statements of an SQLite connection use `Deviation`."""
    connection.create_aggregate(_SQLITE, 1, _Sample)  # type: ignore[arg-type]
