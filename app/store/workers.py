"""Worker processes that report themselves, by the database's clock."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from app.records import Queue, WorkerInfo, WorkerLoad
from app.records.workers import Mode
from app.store import refusals
from app.store.lookup import moment
from app.store.sql import Now
from app.store.tables import runs, shards, workers

ALIVE_S = 15.0
FORGET_S = 24 * 3600.0
# Built once: each claim reads it.
_MODE = select(workers.c.mode).where(workers.c.id == bindparam("worker"))
_REFUSES = {"paused": "an admin has paused them", "draining": "an admin has them drained"}


def register(
    conn: Connection,
    worker_id: str,
    *,
    host: str,
    pid: int,
    queue: Queue,
    device: str,
    slots: int,
    versions: Mapping[str, str],
) -> None:
    """Note a worker that has started, in place of one of the same id; forget those not seen for a day."""
    mode = conn.scalar(select(workers.c.mode).where(workers.c.id == worker_id))
    conn.execute(delete(workers).where((workers.c.id == worker_id) | (workers.c.seen_at < Now() - FORGET_S)))
    refusals.forget(conn)
    conn.execute(
        insert(workers).values(
            id=worker_id,
            host=host,
            pid=pid,
            queue=queue,
            device=device,
            slots=slots,
            busy=[],
            versions=dict(versions),
            started_at=Now(),
            seen_at=Now(),
            mode=mode,
        )
    )


def seen(conn: Connection, worker_id: str, busy: Sequence[str], load: WorkerLoad | None, trouble: str) -> bool:
    """Note that a worker lives, which runs it works on and how it fares; False when it must register again."""
    values = {
        "busy": list(busy),
        "seen_at": Now(),
        "load": None if load is None else load.model_dump(),
        "trouble": trouble,
    }
    return conn.execute(update(workers).where(workers.c.id == worker_id).values(values)).rowcount == 1


def forget(conn: Connection, worker_id: str) -> None:
    """Remove a worker that has ended in order."""
    conn.execute(delete(workers).where(workers.c.id == worker_id))
    refusals.forget(conn)


def refuses(conn: Connection, worker_id: str, *modes: Mode) -> bool:
    """Return whether an admin has asked a worker to take no shards, or one of some modes of that."""
    mode = conn.scalar(_MODE, {"worker": worker_id})
    return mode is not None and mode in (modes or ("paused", "draining"))


class Held(NamedTuple):
    """A run in the hands of workers and one of its shards; `worker` is None where none of them is held."""

    run: str
    name: str
    worker: str | None
    replicate: int
    note: str


def held(conn: Connection, run_ids: Collection[str]) -> list[Held]:
    """Return the held shards of these runs by replicate, and each run without any once; unknown runs are left out."""
    of_run = (shards.c.run_id == runs.c.id) & shards.c.worker.is_not(None)
    query = (
        select(runs.c.id, runs.c.name, shards.c.worker, shards.c.replicate, shards.c.note)
        .select_from(runs.outerjoin(shards, of_run))
        .where(runs.c.id.in_(run_ids))
        .order_by(shards.c.replicate)
    )
    return [Held(*row) for row in conn.execute(query)]


def known(conn: Connection) -> list[WorkerInfo]:
    """Return all workers seen within a day, the oldest first."""
    alive = (workers.c.seen_at > Now() - ALIVE_S).label("alive")
    rows = conn.execute(select(workers, alive).order_by(workers.c.started_at, workers.c.id))
    return [
        WorkerInfo.model_validate(
            {
                **row._mapping,
                "started_at": moment(row.started_at),
                "seen_at": moment(row.seen_at),
                "trouble": row.trouble or _REFUSES.get(row.mode, ""),
                "mode": row.mode or "working",
            }
        )
        for row in rows
    ]
