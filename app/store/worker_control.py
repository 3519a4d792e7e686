"""What admins ask of workers: take no more, hand over what they have, give a run back; and a message to everybody."""

from sqlalchemy import Connection, delete, insert, select, update

from app.contract.events import Changed
from app.records.workers import Maintenance, Mode
from app.store import events, shards
from app.store import runs as run_rows
from app.store.errors import Conflict, NotFound
from app.store.lookup import exists, moment
from app.store.sql import Now
from app.store.tables import maintenance, workers
from app.store.tables import shards as shard_table


def put_mode(conn: Connection, worker_id: str, mode: Mode) -> None:
    """Have a worker take no shards from now on, or take them again. Raises NotFound."""
    values = {"mode": None if mode == "working" else mode}
    if conn.execute(update(workers).where(workers.c.id == worker_id).values(values)).rowcount == 0:
        raise NotFound(f"there is no worker {worker_id}")


def mode_of(conn: Connection, worker_id: str) -> Mode:
    """Return what was asked of a worker; one that is not known works."""
    mode: Mode | None = conn.scalar(select(workers.c.mode).where(workers.c.id == worker_id))
    return mode or "working"


def take_back(conn: Connection, run_id: str, worker_id: str = "") -> int:
    """Queue what workers, or one of them, have of a run again, from its checkpoints; return how many replicates.

    Whoever has one is fenced. Raises NotFound, Conflict where nobody has any.
    """
    held = shard_table.c.run_id == run_id, shard_table.c.state == "running"
    mine = select(shard_table).where(*held).order_by(shard_table.c.id).with_for_update(key_share=True)
    rows = conn.execute(mine.where(shard_table.c.worker == worker_id) if worker_id else mine).all()
    exists(conn, run_id)
    if not rows:
        raise Conflict(f"worker {worker_id} has nothing of the run" if worker_id else "no worker has any of the run")
    for row in rows:
        shards.give_back(conn, row)
        detail = f"replicate {row.replicate} was taken from worker {row.worker} and waits again"
        events.log(conn, run_id, [Changed(state="queued", detail=detail)], row)
    return len(rows)


def pin(conn: Connection, run_id: str, queue: str) -> None:
    """Have the waiting replicates of a run wait for workers of another queue. Raises NotFound, Conflict."""
    locked = select(shard_table).where(shard_table.c.run_id == run_id).order_by(shard_table.c.id)
    rows = conn.execute(locked.with_for_update(key_share=True)).all()
    run = run_rows.locked(conn, run_id)
    device = run.spec.get("device", "any")
    if device not in ("any", queue):
        raise Conflict(f"its spec asks for a {device} worker: clone it to run on another")
    # Another kind of device would compute other numbers than those that are there.
    free = [row.id for row in rows if row.state == "queued" and row.plan is None]
    if not free:
        raise Conflict("every waiting replicate has begun: another kind of worker would compute other numbers")
    conn.execute(update(shard_table).where(shard_table.c.id.in_(free)).values(queue=queue))
    detail = f"{len(free)} waiting replicates are for {queue} workers from now on"
    events.log(conn, run_id, [Changed(state=run.state, detail=detail)])


def put_message(conn: Connection, text: str, begins_at: float | None) -> None:
    """Show a message on every page, in place of one of before; an empty one shows none."""
    conn.execute(delete(maintenance))
    if text:
        conn.execute(insert(maintenance).values(id=1, text=text, begins_at=begins_at, put_at=Now()))


def message(conn: Connection) -> Maintenance | None:
    """Return the message that every page shows."""
    row = conn.execute(select(maintenance)).first()
    return None if row is None else Maintenance(text=row.text, begins_at=moment(row.begins_at))
