"""Runs as rows of an archive: read from the tables, and written into those of another installation."""

import base64
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import orjson
from sqlalchemy import Connection, Select, insert, select

from app.contract.events import Changed
from app.store import facts, labels
from app.store.archived import ArtifactRow, ChunkRow, EventRow, Row, RunRow, ShardRow, key_text
from app.store.errors import NotFound
from app.store.lookup import coordinates
from app.store.runs import LIVE, derive
from app.store.tables import AnyRow, artifacts, chunks, events, runs, shards

AT_ONCE = 500
EXPORTED = "exported while it was unfinished"


def rows_of(conn: Connection, run_id: str, at: float) -> Iterator[Row]:
    """Yield the rows of a run; one that goes on is written as cancelled at the moment `at`. Raises NotFound.

    Workers, leases and checkpoints stay behind: resumed elsewhere, a replicate is trained again from its beginning,
    and what it has measured already is not doubled.
    """
    run = conn.execute(select(runs).where(runs.c.id == run_id)).first()
    if run is None:
        raise NotFound(f"there is no run {run_id}")
    of_run = conn.execute(select(shards).where(shards.c.run_id == run_id).order_by(shards.c.replicate)).all()
    states = [_ended(shard.state) for shard in of_run]
    live = run.state in LIVE
    state: Any = derive(states) if live else run.state
    failed = [f"replicate {item.replicate}: {item.error}" for item in of_run if item.state == "failed"]
    yield RunRow(
        id=run.id, name=run.name, kind=run.kind, spec=run.spec, work=run.work, state=state, tags=run.tags,
        notes=run.notes, again_of=run.again_of, provenance=run.provenance,
        error="\n\n".join(failed) if live and state == "failed" else run.error,
        created_at=run.created_at, started_at=run.started_at, finished_at=at if live else run.finished_at,
        last_seq=run.last_seq + live,
    )  # fmt: skip
    for shard, ended in zip(of_run, states, strict=True):
        yield ShardRow(
            replicate=shard.replicate, state=ended, queue=shard.queue, work=shard.work, attempt=shard.attempt,
            tries=shard.tries, plan=shard.plan, next_ordinal=shard.next_ordinal, error=shard.error,
            traceback=shard.traceback, done=shard.done, total=shard.total, note=shard.note, slot_s=shard.slot_s,
            estimated_s=shard.estimated_s,
        )  # fmt: skip
    for row in _read(conn, select(events).where(events.c.run_id == run_id).order_by(events.c.seq)):
        # As it was written, by whichever version: who reads the archive checks it.
        yield EventRow.model_construct(
            seq=row.seq, at=row.at, replicate=row.replicate, ordinal=row.ordinal, topic=row.topic, body=row.body
        )
    if live:
        body = Changed(state=state, detail=EXPORTED).model_dump(mode="json")
        yield EventRow(seq=run.last_seq + 1, at=at, replicate=None, ordinal=None, topic="changed", body=body)
    for row in _read(conn, select(chunks).where(chunks.c.run_id == run_id).order_by(chunks.c.seq)):
        yield ChunkRow(
            seq=row.seq, series=row.series, replicate=row.replicate, key=dict(coordinates(row.key)),
            ordinal=row.ordinal, rows=row.rows, columns=orjson.loads(row.names),
            data=base64.b64encode(row.data).decode(),
        )  # fmt: skip
    for row in _read(conn, select(artifacts).where(artifacts.c.run_id == run_id).order_by(artifacts.c.seq)):
        yield ArtifactRow(
            seq=row.seq, sha256=row.sha256, replicate=row.replicate, key=dict(coordinates(row.key)), name=row.name,
            media_type=row.media_type, size_bytes=row.size_bytes, meta=row.meta,
        )  # fmt: skip


def put(conn: Connection, rows: Iterable[Row]) -> str:
    """Store the checked rows of one run, its own row first and its replicates next; return its id."""
    rows = iter(rows)
    run = next(rows)
    assert isinstance(run, RunRow)  # noqa: S101 (checked before)
    spec = run.checked_spec
    search = labels.search_text(run.name, run.tags, spec)
    values = run.model_dump(exclude={"table"})
    conn.execute(insert(runs).values(**values, model=spec.model_name, dataset=spec.dataset_name, search=search))
    facts.put(conn, run.id, run.spec)
    shard_ids: dict[int, int] = {}
    insertions: Mapping[type, Callable[[Any], tuple[Any, dict[str, Any]]]] = {
        EventRow: lambda row: (events, {**_plain(row, run.id), "shard_id": shard_ids.get(row.replicate)}),
        ChunkRow: lambda row: (chunks, _chunk(row, run)),
        ArtifactRow: lambda row: (artifacts, {**_plain(row, run.id), "key": key_text(run.kind, row.key)}),
    }
    for some in _batches(rows):
        into: dict[Any, list[dict[str, Any]]] = {}
        for row in some:
            if isinstance(row, ShardRow):
                new = insert(shards).values(**_plain(row, run.id), checkpoints=[]).returning(shards.c.id)
                shard_ids[row.replicate] = conn.execute(new).scalar_one()
                continue
            table, columns = insertions[type(row)](row)
            into.setdefault(table, []).append(columns)
        for table, several in into.items():
            conn.execute(insert(table), several)
    return run.id


def _batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    batch: list[Row] = []
    for row in rows:
        batch.append(row)
        if len(batch) == AT_ONCE:
            yield batch
            batch = []
    yield batch


def _plain(row: Row, run_id: str) -> dict[str, Any]:
    return {**row.model_dump(exclude={"table"}), "run_id": run_id}


def _chunk(row: ChunkRow, run: RunRow) -> dict[str, Any]:
    return {
        "run_id": run.id,
        "seq": row.seq,
        "series": row.series,
        "replicate": row.replicate,
        "key": key_text(run.kind, row.key),
        "ordinal": row.ordinal,
        "rows": row.rows,
        "names": orjson.dumps(row.columns).decode(),
        "data": row.packed,
    }


def _ended(state: str) -> Any:
    return "cancelled" if state in LIVE else state


def _read(conn: Connection, query: Select[Any]) -> Iterator[AnyRow]:
    """Yield rows some at a time, however many there are."""
    yield from conn.execute(query.execution_options(yield_per=AT_ONCE))
