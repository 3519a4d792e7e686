"""The members of a sweep as columns: for the page, for CSV and for figures."""

from collections.abc import Sequence
from typing import Any

from app.records import Member, Sweep
from app.sweeps.axes import written


def columns(sweep: Sweep, members: Sequence[Member]) -> dict[str, list[Any]]:
    """Return a row per member: its position, run and state, its values by field, its objective and hours."""
    columns: dict[str, list[Any]] = {
        "position": [member.position for member in members],
        "run": [member.run or "" for member in members],
        "state": [member.state or ("refused" if member.error else "purged") for member in members],
    }
    for path in sweep.axes:
        columns[path] = [_plain(member.values.get(path)) for member in members]
    columns[sweep.objective or "objective"] = [member.objective for member in members]
    if sweep.pruner.kind != "none":
        columns["stopped"] = [member.stopped if member.stopped_early else "" for member in members]
    columns["hours"] = [member.hours for member in members]
    return columns


def _plain(value: Any) -> Any:
    return value if isinstance(value, int | float | str) and not isinstance(value, bool) else written(value)
