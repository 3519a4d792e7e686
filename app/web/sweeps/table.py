"""The members of a sweep as columns: for the page, for CSV and for figures."""

from collections.abc import Sequence
from typing import Any

from app.records import Member, Sweep
from app.sweeps.axes import written


def columns(sweep: Sweep, members: Sequence[Member]) -> dict[str, list[Any]]:
    """Return a row per member: its position, run and state, its values by field, its objective and hours."""
    found: dict[str, list[Any]] = {
        "position": [each.position for each in members],
        "run": [each.run or "" for each in members],
        "state": [each.state or ("refused" if each.error else "purged") for each in members],
    }
    for path in sweep.axes:
        found[path] = [_plain(each.values.get(path)) for each in members]
    found[sweep.objective or "objective"] = [each.objective for each in members]
    found["hours"] = [each.hours for each in members]
    return found


def _plain(value: Any) -> Any:
    return value if isinstance(value, int | float | str) and not isinstance(value, bool) else written(value)
