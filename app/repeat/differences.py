"""What differs, to the bit, between what a replicate logged then and what it logs now."""

from dataclasses import dataclass, field

import numpy as np

from app.contract.outputs import Key, Output, Outputs, Rows, Saved
from app.plotting import words


@dataclass
class Compared:
    """Two logs of one replicate side by side; `different` has the differences in words, in the order of then."""

    same: list[Key] = field(default_factory=list)
    different: dict[Key, str] = field(default_factory=dict)
    only_then: list[Key] = field(default_factory=list)
    only_now: list[Key] = field(default_factory=list)


def compare(then: Outputs, now: Outputs) -> Compared:
    """Compare two logs of one replicate."""
    compared = Compared(only_now=[key for key in now if key not in then])
    for key, before in then.items():
        after = now.get(key)
        if after is None:
            compared.only_then.append(key)
        elif text := difference(before, after):
            compared.different[key] = text
        else:
            compared.same.append(key)
    return compared


def difference(then: Output, now: Output) -> str:
    """Return how two series, or two artifacts, differ; empty when they are identical to the bit."""
    if isinstance(then, Rows) and isinstance(now, Rows):
        return _of_rows(then, now)
    if isinstance(then, Saved) and isinstance(now, Saved):
        if then.sha256 == now.sha256:
            return ""
        sizes = f": {then.size_bytes:,} then, {now.size_bytes:,} now" if then.size_bytes != now.size_bytes else ""
        return f"other bytes{sizes}"
    raise TypeError("rows are compared with rows, artifacts with artifacts")


def of_values(then: np.ndarray, now: np.ndarray) -> str:
    """Return how many numbers of two arrays of one shape and type differ in bits, and by how much; empty if none."""
    bits = np.dtype(f"u{then.dtype.itemsize}")
    other = np.ascontiguousarray(then).view(bits) != np.ascontiguousarray(now).view(bits)
    if not other.any():
        return ""
    with np.errstate(invalid="ignore"):  # the difference of infinities is no number, and is left out
        size = np.abs(then[other].astype(np.float64) - now[other].astype(np.float64))
    finite = size[np.isfinite(size)]
    largest = f", by {words.brief(float(finite.max()))} at most" if len(finite) else ""
    lost = "" if len(finite) == len(size) else ", some of them not finite"
    return f"{int(other.sum()):,} of {other.size:,} values differ{largest}{lost}"


def _of_rows(then: Rows, now: Rows) -> str:
    if then.columns != now.columns:
        return f"columns {', '.join(then.columns)} then, {', '.join(now.columns)} now"
    n = min(then.table.shape[1], now.table.shape[1])
    before, after = then.table[:, :n], now.table[:, :n]
    texts = []
    if then.table.shape[1] != now.table.shape[1]:
        texts.append(f"{then.table.shape[1]:,} rows then, {now.table.shape[1]:,} now")
    if values := of_values(before, after):
        texts.append(f"{values}, first {_first(then.columns, before, after)}")
    return "; ".join(texts)


def _first(columns: tuple[str, ...], then: np.ndarray, now: np.ndarray) -> str:
    """Return the first value that differs, row by row: such as `test_loss at step 200: 0.31 then, 0.32 now`."""
    other = np.ascontiguousarray(then).view("u8") != np.ascontiguousarray(now).view("u8")
    row = int(np.flatnonzero(other.any(axis=0))[0])
    column = int(np.flatnonzero(other[:, row])[0])
    where = f"step {then[columns.index('step'), row]:g}" if "step" in columns else f"row {row}"
    # All 17 digits: anything shorter may show two different numbers alike.
    return f"{columns[column]} at {where}: {then[column, row]:.17g} then, {now[column, row]:.17g} now"
