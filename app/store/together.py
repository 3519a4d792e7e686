"""What a page reads of one run, in one statement: series, all artifacts, and the starts of attempts."""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Double,
    Integer,
    LargeBinary,
    Select,
    Table,
    Text,
    cast,
    literal,
    null,
    select,
    union_all,
)
from sqlalchemy.types import TypeEngine

from app.records import ArtifactRef, EventRecord
from app.store import artifacts as artifact_rows
from app.store import events as event_rows
from app.store.sql import Json
from app.store.tables import AnyRow, artifacts, chunks, events

# The columns that each part fills, as far as it has them; those of a chunk first (app/store/series.py).
_COLUMNS: Mapping[str, TypeEngine[Any]] = {
    "replicate": Integer(), "key": Text(), "rows": Integer(), "names": Text(), "data": LargeBinary(),
    "run_id": Text(), "seq": Integer(), "name": Text(), "sha256": Text(), "media_type": Text(),
    "size_bytes": Integer(), "at": Double(), "document": Json(), "place": Integer(),
}  # fmt: skip


class Together(NamedTuple):
    """Chunks by series, and the artifacts and starts of a run, empty where they were not requested."""

    chunks: dict[str, list[AnyRow]]
    artifacts: list[ArtifactRef]
    starts: list[EventRecord]


def read(
    conn: Connection, run_id: str, series: Collection[str], *, with_artifacts: bool, with_starts: bool
) -> Together:
    """Return what is requested, each part in the order in which it is read alone."""
    parts = []
    if series:
        chosen = chunks.c.series.in_(series)
        parts.append(_part("chunk", chunks, run_id, name=chunks.c.series, place=chunks.c.ordinal).where(chosen))
    if with_artifacts:
        parts.append(_part("artifact", artifacts, run_id, document=artifacts.c.meta, place=artifacts.c.seq))
    if with_starts:
        start = _part("start", events, run_id, document=events.c.body, place=events.c.seq)
        parts.append(start.where(events.c.topic == "started"))
    together = Together({name: [] for name in series}, [], [])
    rows = conn.execute(union_all(*parts)).all() if parts else []
    for row in sorted(rows, key=lambda row: (row.replicate, row.place)):
        match row.part:
            case "chunk":
                together.chunks[row.name].append(row)
            case "artifact":
                together.artifacts.append(artifact_rows.ref({**row._mapping, "meta": row.document}))
            case _:
                together.starts.append(event_rows.record(row, row.document))
    together.starts.sort(key=lambda start: start.seq)
    return together


def _part(part: str, table: Table, run_id: str, **columns: ColumnElement[Any]) -> Select[Any]:
    given = {**table.c, **columns}
    filled = (given.get(name, cast(null(), type_)).label(name) for name, type_ in _COLUMNS.items())
    return select(*filled, literal(part).label("part")).where(table.c.run_id == run_id)
