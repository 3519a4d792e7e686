"""What a field of a sweep takes: a list of values, a range, or a range of a logarithm."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.contract.experiment import FieldError
from app.contract.strict import Strict

MOST = 1_000
"""Members of a sweep, and values of one axis."""
FEW = 2
"""Settings of a component that are written with its name."""
_DIGITS = 10
"""Digits of a value that is computed: enough to be exact, too few for 0.30000000000000004."""


class _Ends(Strict):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    low: int | float
    high: int | float


class Range(_Ends):
    """From `low` to `high`, in steps of `step` if there is one; without, every number between them."""

    step: int | float | None = None

    @model_validator(mode="after")
    def _ordered(self) -> "Range":
        if self.high <= self.low:
            raise FieldError("high", f"must be above {self.low:g}, the low end")
        if self.step is not None and self.step <= 0:
            raise FieldError("step", "must be above 0")
        return self


class LogRange(_Ends):
    """From `low` to `high` in equal ratios, `count` values if that is given; without, every number between them."""

    count: int | None = Field(None, ge=2)

    @model_validator(mode="after")
    def _ordered(self) -> "LogRange":
        if self.low <= 0:
            raise FieldError("low", "must be above 0, as its logarithm is taken")
        if self.high <= self.low:
            raise FieldError("high", f"must be above {self.low:g}, the low end")
        return self


class Axis(BaseModel):
    """One field's values: exactly one of `values`, `range` and `log_range`."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    values: tuple[Any, ...] | None = Field(None, description="Each of these, in this order.")
    range: Range | None = None
    log_range: LogRange | None = None

    @model_validator(mode="after")
    def _one(self) -> "Axis":
        if sum(item is not None for item in (self.values, self.range, self.log_range)) != 1:
            raise ValueError("needs exactly one of values, range and log_range")
        if self.values is not None:
            if not self.values:
                raise FieldError("values", "is empty: name at least one value")
            if len(self.values) > MOST:
                raise FieldError("values", f"has {len(self.values):,} values; at most {MOST:,} are allowed")
            seen: set[str] = set()
            for value in self.values:
                if key(value) in seen:
                    raise FieldError("values", f"has {written(value)} twice")
                seen.add(key(value))
        return self

    @property
    def open(self) -> bool:
        """Return whether it takes every number between two ends, so that it has no grid."""
        return (self.range is not None and self.range.step is None) or (
            self.log_range is not None and self.log_range.count is None
        )

    def count(self, *, whole: bool) -> int | None:
        """Return how many values it takes, None where it takes every number; `whole` is True if these are integers."""
        if self.values is not None:
            return len(self.values)
        if self.range is not None:
            step = self.range.step or (1 if whole else None)
            return None if step is None else int((_exact(self.range.high) - _exact(self.range.low)) / _exact(step)) + 1
        assert self.log_range is not None  # noqa: S101 (checked above)
        if self.log_range.count is not None:
            return self.log_range.count
        return int(self.log_range.high) - int(self.log_range.low) + 1 if whole else None

    def levels(self, *, whole: bool) -> list[Any]:
        """Return its values in order. Raises ValueError where it takes every number, or too many."""
        n = self.count(whole=whole)
        if n is None:
            raise ValueError("takes every number between its ends: give a step, as in 0..1 step 0.25, or a count")
        if n > MOST:
            raise ValueError(f"takes {n:,} values; at most {MOST:,} are allowed")
        if self.values is not None:
            return list(self.values)
        if self.range is not None:
            low, step = _exact(self.range.low), _exact(self.range.step or 1)
            steps = [low + i * step for i in range(n)]
            return [int(step) if whole and step == int(step) else float(step) for step in steps]
        return list(dict.fromkeys(self._powers(n, whole=whole)))

    def _powers(self, n: int, *, whole: bool) -> Iterator[int | float]:
        ends = self.log_range
        assert ends is not None  # noqa: S101 (the caller knows)
        if whole and ends.count is None:
            yield from range(int(ends.low), int(ends.high) + 1)
            return
        for i in range(n):
            value = ends.low * (ends.high / ends.low) ** (i / (n - 1))
            yield round(value) if whole else float(f"{value:.{_DIGITS}g}")


def key(value: Any) -> str:
    """Return a text that is equal for equal values."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def written(value: Any) -> str:
    """Return a value as a reader writes it: a component by its kind and, where they are few, its settings."""
    if isinstance(value, dict) and "kind" in value:
        inner = [f"{name} {written(item)}" for name, item in value.items() if name != "kind"]
        return f"{value['kind']} ({', '.join(inner)})" if 0 < len(inner) <= FEW else str(value["kind"])
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(written, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _exact(value: float) -> Decimal:
    return Decimal(repr(value))
