"""The log: appended once, numbered without gaps within a run."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Table, insert, select, update

from app.contract.events import ArtifactSaved, Event, Measured
from app.records import EventRecord
from app.store import chunks
from app.store.errors import OrdinalGap
from app.store.lookup import moment
from app.store.sql import Now
from app.store.tables import AnyRow
from app.store.tables import artifacts as artifact_table
from app.store.tables import chunks as chunk_table
from app.store.tables import events as event_table
from app.store.tables import runs as run_table
from app.store.tables import shards as shard_table


def log(conn: Connection, run_id: str, events: Sequence[Event], shard: AnyRow | None = None) -> int:
    """Append events that carry no ordinal; returns the last seq."""
    first, at = _take(conn, run_id, len(events))
    rows = [_row(run_id, seq, at, event, shard) for seq, event in enumerate(events, first)]
    if rows:
        conn.execute(insert(event_table), rows)
    return first + len(events) - 1


def log_each(conn: Connection, events: Mapping[str, Event]) -> None:
    """Append an event to each of several runs."""
    if not events:
        return
    taken = conn.execute(
        update(run_table)
        .where(run_table.c.id.in_(events))
        .values(last_seq=run_table.c.last_seq + 1)
        .returning(run_table.c.id, run_table.c.last_seq, Now().label("at"))
    ).all()
    conn.execute(insert(event_table), [_row(run.id, run.last_seq, run.at, events[run.id]) for run in taken])


def append(conn: Connection, shard: AnyRow, events: Sequence[Event], first_ordinal: int | None) -> int:
    """Append events of a locked shard, less the rows that it already has; returns the last seq.

    Each row of a Measured and each ArtifactSaved takes one ordinal, from `first_ordinal` on. It is None for events of
    other kinds.
    Raises OrdinalGap when rows before the first one are missing, ValueError when only some events carry ordinals.
    """
    ordered = [isinstance(event, Measured | ArtifactSaved) for event in events]
    if not all(carries == (first_ordinal is not None) for carries in ordered):
        raise ValueError("measurements and artifacts come with the ordinal of the first, other events without one")
    if first_ordinal is None:
        return log(conn, shard.run_id, events, shard)
    if first_ordinal > shard.next_ordinal:
        raise OrdinalGap(f"shard {shard.id} holds rows up to {shard.next_ordinal}; got {first_ordinal}")
    new: list[tuple[Event, int, int]] = []  # event, ordinal of its first new row, rows to skip
    ordinal = first_ordinal
    for event in events:
        length = event.rows if isinstance(event, Measured) else 1
        skip = min(length, max(0, shard.next_ordinal - ordinal))
        if skip < length:
            new.append((event, ordinal + skip, skip))
        ordinal += length
    first, at = _take(conn, shard.run_id, len(new))
    rows: dict[Table, list[dict[str, Any]]] = {event_table: [], chunk_table: [], artifact_table: []}
    for seq, (event, start, skip) in enumerate(new, first):
        rows[event_table].append(_row(shard.run_id, seq, at, event, shard, start, skip))
        if isinstance(event, Measured):
            rows[chunk_table].append(_chunk(shard, seq, start, skip, event))
        elif isinstance(event, ArtifactSaved):
            rows[artifact_table].append(_artifact(shard, seq, event))
    for table, values in rows.items():
        if values:
            conn.execute(insert(table), values)
    if new:
        conn.execute(update(shard_table).where(shard_table.c.id == shard.id).values(next_ordinal=ordinal))
    return first + len(new) - 1


def after(conn: Connection, run_id: str, seq: int, limit: int) -> list[EventRecord]:
    """Return the first `limit` events after `seq`."""
    return _records(conn, run_id, event_table.c.seq > seq, limit)


def starts(conn: Connection, run_id: str) -> list[EventRecord]:
    """Return the events `started` of every attempt, in order."""
    return _records(conn, run_id, event_table.c.topic == "started")


def _records(conn: Connection, run_id: str, which: ColumnElement[bool], limit: int | None = None) -> list[EventRecord]:
    query = (
        select(event_table.c.seq, event_table.c.at, event_table.c.replicate, event_table.c.body)
        .where(event_table.c.run_id == run_id, which)
        .order_by(event_table.c.seq)
        .limit(limit)
    )
    return [record(row, row.body) for row in conn.execute(query)]


def record(row: AnyRow, body: dict[str, Any]) -> EventRecord:
    """Return the record of an event's row."""
    return EventRecord(seq=row.seq, at=moment(row.at), replicate=row.replicate, event=body)


def touched(conn: Connection, run_id: str, seq: int) -> set[str]:
    """Return names of the series and artifacts, or else kinds, of the events after `seq`."""
    query = select(event_table.c.topic).distinct().where(event_table.c.run_id == run_id, event_table.c.seq > seq)
    return set(conn.scalars(query))


def last_seqs(conn: Connection, run_ids: Collection[str] | None) -> dict[str, int]:
    """Return the number of the newest event of each run; None asks for all that are not in the bin."""
    query = select(run_table.c.id, run_table.c.last_seq)
    query = query.where(run_table.c.deleted_at.is_(None) if run_ids is None else run_table.c.id.in_(run_ids))
    return {row.id: row.last_seq for row in conn.execute(query)}


def _take(conn: Connection, run_id: str, n: int) -> tuple[int, float]:
    """Take `n` numbers of a run, which locks it until the commit: the first of them and the database's time.

    An identity column would hand out numbers that commit late, and a reader would miss them.
    """
    last, at = conn.execute(
        update(run_table)
        .where(run_table.c.id == run_id)
        .values(last_seq=run_table.c.last_seq + n)
        .returning(run_table.c.last_seq, Now())
    ).one()
    return last - n + 1, at


def _row(
    run_id: str,
    seq: int,
    at: float,
    event: Event,
    shard: AnyRow | None = None,
    ordinal: int | None = None,
    skip: int = 0,
) -> dict[str, Any]:
    body = event.model_dump(mode="json", exclude={"columns"})
    topic: str = event.kind
    if isinstance(event, Measured):
        body |= {"chunk": seq, "rows": event.rows - skip, "columns": list(event.columns)}
        topic = event.series
    elif isinstance(event, ArtifactSaved):
        topic = event.name
    return {
        "run_id": run_id,
        "seq": seq,
        "at": at,
        "shard_id": shard.id if shard else None,
        "replicate": shard.replicate if shard else None,
        "ordinal": ordinal,
        "topic": topic,
        "body": body,
    }


def _chunk(shard: AnyRow, seq: int, ordinal: int, skip: int, event: Measured) -> dict[str, Any]:
    return {
        "run_id": shard.run_id,
        "seq": seq,
        "series": event.series,
        "replicate": shard.replicate,
        "key": event.key.text,
        "ordinal": ordinal,
        "rows": event.rows - skip,
        "names": orjson.dumps(list(event.columns)).decode(),
        "data": chunks.pack(event.columns, skip),
    }


def _artifact(shard: AnyRow, seq: int, event: ArtifactSaved) -> dict[str, Any]:
    return {
        "run_id": shard.run_id,
        "seq": seq,
        "replicate": shard.replicate,
        "key": event.key.text,
        **event.model_dump(include={"sha256", "name", "media_type", "size_bytes", "meta"}),
    }
