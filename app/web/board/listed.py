"""Runs of a list with chosen fields and measures, as JSON and as CSV."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, Field

from app.records import Groups, Run
from app.search.facts import Fact
from app.store import Snapshot
from app.web.board.columns import Column, named

MOST = 10_000
"""Runs of a CSV file."""
_AT_ONCE = 200


class FieldValue(BaseModel):
    """Values of a field of a run; a measure is a single one, in many cases a mean over `n` replicates or trainings."""

    values: list[float | str]
    n: int | None = None


class ListedRun(Run):
    """A run with the requested fields and measures; without those that it has not."""

    fields: dict[str, FieldValue] = Field(default_factory=dict)


class ListedPage(BaseModel):
    """A page of runs; `next` is the cursor of the following page, or None at the end."""

    items: tuple[ListedRun, ...]
    next: str | None = None
    unmeasured: int = Field(0, description="Ended runs whose measures are still being computed.")


def page(store: Snapshot, columns: str, **which: Any) -> ListedPage:
    """Return a page of runs with the fields and measures named in `columns`. Raises FieldError as the store."""
    runs = store.runs(**which)
    chosen_columns = named(columns)
    facts = _facts(store, runs.items, chosen_columns)
    items = tuple(
        ListedRun.model_construct(**dict(run), fields=dict(fields_of(chosen_columns, facts.get(run.id, ()))))
        for run in runs.items
    )
    return ListedPage.model_construct(items=items, next=runs.next, unmeasured=store.count_unmeasured())


def table(store: Snapshot, columns: str, **which: Any) -> tuple[dict[str, list[Any]], str | None]:
    """Return the runs of all pages from the given one on, at most `MOST`, as columns, and the cursor of the rest."""
    chosen_columns = named(columns)
    rows: list[dict[str, Any]] = []
    cursor = which.pop("cursor", None)
    while True:
        runs = store.runs(**which | {"limit": _AT_ONCE, "cursor": cursor})
        facts = _facts(store, runs.items, chosen_columns)
        rows += [_row(run, chosen_columns, facts.get(run.id, ())) for run in runs.items]
        cursor = runs.next
        if cursor is None or len(rows) >= MOST:
            break
    names = [*_HEAD, *(name for item in chosen_columns for name in _names(item))]
    return {name: [row.get(name) for row in rows] for name in names}, cursor


def table_of(groups: Groups, columns: Sequence[str]) -> dict[str, list[Any]]:
    """Return groups as columns: value, n, runs in each state, then mean, sd and n of each column."""
    items = groups.items
    states = dict.fromkeys(state for item in items for state in item.states)
    table: dict[str, list[Any]] = {"value": [item.value for item in items], "n": [item.n for item in items]}
    table |= {state: [item.states.get(state, 0) for item in items] for state in states}
    for name in columns:
        for part in ("mean", "sd", "n"):
            table[f"{name}.{part}"] = [getattr(item.columns.get(name), part, None) for item in items]
    return table


_HEAD = ("id", "name", "kind", "dataset", "model", "state", "tags", "created_at", "started_at", "finished_at", "error")


def _facts(store: Snapshot, runs: Sequence[Run], chosen_columns: Sequence[Column]) -> Mapping[str, Sequence[Fact]]:
    return store.facts([run.id for run in runs], [item.path for item in chosen_columns]) if chosen_columns else {}


def fields_of(chosen_columns: Sequence[Column], facts: Sequence[Fact]) -> Iterator[tuple[str, FieldValue]]:
    """Yield path and values of each of these columns that a run has."""
    for column in chosen_columns:
        mine = [fact for fact in facts if fact.path == column.path]
        if mine:
            yield column.path, FieldValue(values=[_value(fact) for fact in mine], n=mine[0].n)


def _row(run: Run, chosen_columns: Sequence[Column], facts: Sequence[Fact]) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": run.id, "name": run.name, "kind": run.kind, "dataset": run.spec.dataset_name,
        "model": run.spec.model_name, "state": run.state, "tags": ", ".join(run.tags), "error": run.error,
        **{name: moment.isoformat() if (moment := getattr(run, name)) else None for name in _HEAD[7:10]},
    }  # fmt: skip
    for path, field in fields_of(chosen_columns, facts):
        row[path] = field.values[0] if len(field.values) == 1 else ", ".join(map(_text, field.values))
        row[f"{path}.n"] = field.n
    return row


def _names(column: Column) -> tuple[str, ...]:
    """Return the columns of a file that a column of the board becomes: that of a mean is followed by its n."""
    return (column.path, f"{column.path}.n") if column.measure and column.measure.over else (column.path,)


def _value(fact: Fact) -> float | str:
    return (fact.text or "") if fact.number is None else fact.number


def _text(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"
