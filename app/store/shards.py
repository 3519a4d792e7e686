"""Shards in the hands of workers: claimed under a token and a lease, checkpointed, ended."""

import secrets
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection, Select, and_, func, select, update

from app.contract.events import Changed, Failed, Finished, Progress, Started
from app.kinds.specs import EXPERIMENT
from app.records import Queue, State
from app.store import events, fair_share, installation, references, refusals, shares, workers
from app.store import runs as run_rows
from app.store.claims import CheckpointRef, Claim
from app.store.errors import Fenced, OrdinalGap
from app.store.progress import Rate, note, rate
from app.store.sql import Now
from app.store.tables import AnyRow, runs, shards

TRIES = 3
CHECKPOINTS = 2
IDLE: Mapping[str, Any] = {
    "token": None, "worker": None, "lease_until": None, "claimed_at": None, "speed": None, "mark_at": None
}  # fmt: skip
_EXPIRED = and_(shards.c.state.in_(("running", "cancelling")), shards.c.lease_until < Now())


def claim(conn: Connection, queue: Queue, worker: str, lease_s: float) -> Claim | None:
    """Take the queued shard that is due first; None without one that this worker may take."""
    if workers.refuses(conn, worker):
        return None
    best = fair_share.best(conn, queue, worker)
    if best is None:
        return None
    row, run = best
    claimed = _taken(conn, row, worker, lease_s)
    # After the run, as those do who let a shard go: in another order two of them would wait for each other.
    shares.take(conn, run.owner, run.priority, comes_back=run.of_owner == 0)
    return claimed


def claim_siblings(conn: Connection, claim: Claim, width: int, worker: str, lease_s: float) -> list[Claim]:
    """Take the queued shards that may be trained with a claimed one, as one stack of `width` replicates.

    Replicate r always has slot r modulo `width`, in a stack with the others of its block, r // `width`. Plans must be
    equal.
    """
    first = claim.replicate // width * width
    siblings = (
        select(shards, runs.c.spec, runs.c.work.label("run_work"))
        .join(runs)
        .where(shards.c.run_id == claim.run_id, shards.c.state == "queued")
        .where(shards.c.replicate >= first, shards.c.replicate < first + width, ~refusals.by(worker))
        .order_by(shards.c.replicate)
        .with_for_update(of=shards, skip_locked=True, key_share=True)
    )
    rows = conn.execute(siblings).all()
    return [_taken(conn, row, worker, lease_s) for row in rows if row.plan == claim.plan]


def _taken(conn: Connection, row: AnyRow, worker: str, lease_s: float) -> Claim:
    """Give a locked queued shard, with the spec and work of its run, to the worker."""
    token = secrets.token_hex(16)
    _set(
        conn,
        row.id,
        state="running",
        token=token,
        worker=worker,
        lease_until=Now() + lease_s,
        claimed_at=Now(),
        attempt=row.attempt + 1,
        work=row.run_work,
    )
    run_rows.update_state(conn, row.run_id)
    return Claim(
        shard_id=row.id,
        token=token,
        run_id=row.run_id,
        spec=EXPERIMENT.validate_python(row.spec),
        replicate=row.replicate,
        attempt=row.attempt + 1,
        plan=row.plan,
        checkpoints=[CheckpointRef(**checkpoint) for checkpoint in row.checkpoints],
        next_ordinal=row.next_ordinal,
    )


def owned(conn: Connection, shard_id: int, token: str) -> AnyRow:
    """Return the shard's row and the time, `now`, locked until the transaction ends.

    Raises Fenced when the token is not the shard's.
    """
    query = select(shards, Now().label("now")).where(shards.c.id == shard_id, shards.c.token == token)
    row = conn.execute(query.with_for_update(key_share=True, of=shards)).first()
    if row is None:
        raise Fenced(f"shard {shard_id} was reassigned or withdrawn")
    return row


def heartbeat(
    conn: Connection, shard_id: int, token: str, progress: Progress | None, lease_s: float, trouble: str = ""
) -> Literal["run", "cancel", "yield"]:
    """Extend the lease and overwrite the progress; return whether to go on, to give up or to make way.

    `trouble` replaces the progress note until there is progress again.
    """
    row = owned(conn, shard_id, token)
    now: float = row.now
    values: dict[str, Any] = {"lease_until": now + lease_s}
    if progress is not None:
        old = None if row.mark_at is None else Rate(row.speed, row.mark_done, row.mark_at)
        values |= rate(old, progress.done, now)._asdict()
        values |= {"done": progress.done, "total": progress.total, "note": note(progress)}
    if trouble:
        values["note"] = trouble
    if row.state == "cancelling":
        _set(conn, shard_id, **values)
        return "cancel"
    if fair_share.is_fresh(row, now) and workers.refuses(conn, row.worker, "draining"):
        _set(conn, shard_id, **values, checkpoint_at=None)  # once
        detail = f"replicate {row.replicate} is handed over: worker {row.worker} is drained"
        events.log(conn, row.run_id, [Changed(state="running", detail=detail)], row)
        return "yield"
    if fair_share.interrupts(conn, row, now):
        _set(conn, shard_id, **values, checkpoint_at=None)  # logged once
        detail = f"replicate {row.replicate} is paused for another run"
        events.log(conn, row.run_id, [Changed(state="running", detail=detail)], row)
        return "yield"
    _set(conn, shard_id, **values)
    return "run"


def start(conn: Connection, shard_id: int, token: str, started: Started) -> dict[str, Any]:
    """Freeze the plan on the first attempt and log the start; returns the frozen plan."""
    row = owned(conn, shard_id, token)
    plan: dict[str, Any] = started.plan if row.plan is None else row.plan
    _set(conn, shard_id, plan=plan)
    conn.execute(update(runs).where(runs.c.id == row.run_id).values(provenance=started.provenance))
    events.log(conn, row.run_id, [started.model_copy(update={"plan": plan})], row)
    return plan


def checkpoint(conn: Connection, shard_id: int, token: str, sha256: str, next_ordinal: int) -> list[str]:
    """Record a checkpoint, besides the one before it; the shard has its tries again. Raises OrdinalGap.

    Returns the hashes of those that the shard does not need any more, and that may be deleted now.
    """
    row = owned(conn, shard_id, token)
    if next_ordinal > row.next_ordinal:
        raise OrdinalGap(f"shard {shard_id} holds rows up to {row.next_ordinal}; the checkpoint needs {next_ordinal}")
    new = {"sha256": sha256, "next_ordinal": next_ordinal}
    older = [checkpoint for checkpoint in row.checkpoints if checkpoint != new]
    kept = [new, *older][:CHECKPOINTS]
    _set(conn, shard_id, checkpoints=kept, checkpoint_at=Now(), tries=0, error=None, traceback=None)
    dropped = [item["sha256"] for item in older if item not in kept]
    references.release(conn, dropped)
    # What a backup may be about to copy stays until the next sweep.
    return [] if dropped and installation.keeps_artifacts(conn) else dropped


def finish(conn: Connection, shard_id: int, token: str, progress: Progress | None = None) -> State:
    """Finish a shard that did all that it was claimed for, or queue it again if its run was extended meanwhile.

    `progress` is its last. After a divergence the total is smaller, so the estimate of the whole is not judged by it.
    """
    row = owned(conn, shard_id, token)
    run = run_rows.locked(conn, row.run_id)
    if row.work == run.work:
        state: State = "finished"
        total = row.total if progress is None else progress.total
        whole = total >= EXPERIMENT.validate_python(run.spec).units_per_replicate
        _take_back(
            conn, row, state=state, done=total, total=total, note="", estimated_s=row.estimated_s if whole else None
        )
        events.log(conn, row.run_id, [Finished(replicate=row.replicate)], row)
    else:
        state = "cancelled" if row.state == "cancelling" else "queued"
        _take_back(conn, row, state=state, tries=0)
    run_rows.update_state(conn, row.run_id)
    return state


def fail(conn: Connection, row: AnyRow, reason: str, traceback: str, *, final: bool) -> State:
    """End the attempt of a locked shard by an error: queue it again, or fail it after its last try, or cancel it."""
    if row.state == "cancelling":
        return give_back(conn, row)
    tries = row.tries + 1
    final = final or tries >= TRIES
    state: State = "failed" if final else "queued"
    # PostgreSQL cannot store NUL in a text.
    reason, traceback = reason.replace("\0", "\ufffd"), traceback.replace("\0", "\ufffd")
    # The last traceback is kept: a lost worker leaves none, and the one before is better than nothing.
    _take_back(conn, row, state=state, tries=tries, error=reason, traceback=traceback or row.traceback)
    failed = Failed(replicate=row.replicate, attempt=row.attempt, reason=reason, traceback=traceback, final=final)
    events.log(conn, row.run_id, [failed], row)
    run_rows.update_state(conn, row.run_id)
    return state


def give_back(conn: Connection, row: AnyRow) -> State:
    """Queue a locked shard again, or cancel it if that was requested; this does not count as a try."""
    state: State = "cancelled" if row.state == "cancelling" else "queued"
    _take_back(conn, row, state=state)
    run_rows.update_state(conn, row.run_id)
    return state


def release_with_plan(conn: Connection, row: AnyRow, plan: Mapping[str, Any], reason: str) -> State:
    """Queue a locked shard again with a changed plan, to resume with less at once."""
    _set(conn, row.id, plan={**row.plan, **plan})
    failed = Failed(replicate=row.replicate, attempt=row.attempt, reason=reason)
    events.log(conn, row.run_id, [failed], row)
    return give_back(conn, row)


def refuse(conn: Connection, shard_id: int, token: str, reason: str) -> State:
    """Queue a shard again for other workers: this one would compute other numbers than its first attempt."""
    row = owned(conn, shard_id, token)
    refusals.refuse(conn, row, reason)
    return give_back(conn, row)


def cancelled(conn: Connection, shard_id: int, token: str) -> None:
    """Mark a shard as cancelled, as its worker has stopped."""
    row = owned(conn, shard_id, token)
    _take_back(conn, row, state="cancelled")
    run_rows.update_state(conn, row.run_id)


def overdue(conn: Connection) -> list[int]:
    """Return the ids of the shards whose lease has run out."""
    return list(conn.scalars(select(shards.c.id).where(_EXPIRED)))


def expired(conn: Connection, shard_id: int) -> AnyRow | None:
    """Return the shard, locked, if its lease has still run out; None when another process has renewed or taken it."""
    query = select(shards).where(shards.c.id == shard_id, _EXPIRED)
    return conn.execute(query.with_for_update(skip_locked=True, key_share=True)).first()


class Stuck(NamedTuple):
    """A shard whose worker has been silent for so long."""

    run: str
    replicate: int
    worker: str | None
    silent_s: float


def stuck(conn: Connection, for_s: float) -> list[Stuck]:
    """Return shards whose lease ended so long ago, the longest first: a reaper takes them back within seconds."""
    silent = (Now() - shards.c.lease_until).label("silent")
    held = shards.c.state.in_(("running", "cancelling"))
    query = select(shards.c.run_id, shards.c.replicate, shards.c.worker, silent).where(held, silent > for_s)
    return [Stuck(*row) for row in conn.execute(query.order_by(silent.desc()).limit(100))]


def waiting() -> Select[Any]:
    """Return the query that counts queued shards by the workers that they wait for: `cpu`, `gpu` or `any`."""
    return select(shards.c.queue, func.count()).where(shards.c.state == "queued").group_by(shards.c.queue)


def queue_length(conn: Connection) -> dict[str, int]:
    """Count queued shards by the workers that they wait for: `cpu`, `gpu` or `any`."""
    return {"any": 0, "cpu": 0, "gpu": 0} | dict(conn.execute(waiting()).all())


def _take_back(conn: Connection, row: AnyRow, **values: Any) -> None:
    """Take a locked shard from its worker."""
    _set(conn, row.id, **IDLE, slot_s=fair_share.total_slot_s(row), **values)
    fair_share.postpone(conn, row)


def _set(conn: Connection, shard_id: int, **values: Any) -> None:
    conn.execute(update(shards).where(shards.c.id == shard_id).values(values))
