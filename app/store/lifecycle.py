"""What people do to a whole run: cancel, resume, extend, bin, restore, purge."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, delete, select, update

from app.contract.events import Changed
from app.contract.experiment import Experiment, FieldError
from app.kinds.specs import EXPERIMENT, EXPERIMENTS
from app.records import State
from app.store import acting, events, facts, references, stopped
from app.store import runs as run_rows
from app.store.errors import Conflict
from app.store.labels import search_text
from app.store.sql import Now
from app.store.tables import AnyRow, runs, shards

QUEUED_AGAIN: dict[str, Any] = {"state": "queued", "tries": 0, "error": None, "traceback": None}


def cancel(conn: Connection, run_id: str) -> None:
    """Stop a run: queued shards at once, running ones at their next heartbeat. Raises NotFound, Conflict."""
    run = _locked(conn, run_id)
    if run.state in {"cancelled", "cancelling"}:
        return
    if run.state not in run_rows.LIVE:
        raise Conflict(f"the run has {run.state}: there is nothing to cancel")
    cancel_several(conn, [run_id])


def cancel_several(conn: Connection, run_ids: Collection[str]) -> None:
    """Stop queued and running runs, which the caller has locked."""
    for before, then in (("queued", "cancelled"), ("running", "cancelling")):
        mine = shards.c.run_id.in_(run_ids), shards.c.state == before
        conn.execute(update(shards).where(*mine).values(state=then))
    states = run_rows.update_states(conn, run_ids)
    stopping = [run_id for run_id, state in states.items() if state == "cancelling"]
    events.log_each(conn, {run_id: Changed(state="cancelling") for run_id in stopping})


def resume(conn: Connection, run_id: str) -> None:
    """Queue the cancelled and failed shards again, with all their tries. Raises NotFound, Conflict."""
    run = _changeable(conn, run_id)
    if not resume_several(conn, [run_id]):
        hint = "; extend or clone it to run more" if run.state == "finished" and run.kind in EXPERIMENTS else ""
        raise Conflict(f"the run is {run.state}: there is nothing to resume{hint}")


def resume_several(conn: Connection, run_ids: Collection[str]) -> bool:
    """Do the same for runs that the caller has locked; return whether any of them had such shards."""
    again = shards.c.run_id.in_(run_ids), shards.c.state.in_(("cancelled", "failed"))
    if conn.execute(update(shards).where(*again).values(QUEUED_AGAIN)).rowcount == 0:
        return False
    stopped.spare(conn, run_ids)
    states = run_rows.update_states(conn, run_ids)
    events.log_each(conn, {run_id: Changed(state=state, detail="resumed") for run_id, state in states.items()})
    return True


def extend(conn: Connection, run_id: str, spec: Experiment, estimated_s: float | None) -> None:
    """Ask a run for more; what is done is not done again.

    Running shards go on and are queued again when they end; `estimated_s` is how long each new one is expected to take.
    Raises NotFound, Conflict, and FieldError when `spec` is not the run's own plus more.
    """
    run = _changeable(conn, run_id)
    if run.kind not in EXPERIMENTS:
        raise Conflict("these masks were imported, not trained here: import the files again, with the new ones")
    old = EXPERIMENT.validate_python(run.spec)
    if (field := spec.extends(old)) is not None:
        raise FieldError(field, f"an extension can only add to the end of {_listed(spec.grows)}; clone the run instead")
    if spec == old:
        raise Conflict(f"the run already contains all of this: increase its {_listed(spec.grows)}")
    written = spec.model_dump(mode="json")
    conn.execute(
        update(runs).where(runs.c.id == run_id).values(spec=written, search=search_text(run.name, run.tags, spec))
    )
    facts.put(conn, run_id, written)
    mine = shards.c.run_id == run_id
    idle = ["cancelled", "failed"]
    if spec.model_copy(update={"replicates": old.replicates}) != old:
        conn.execute(update(runs).where(runs.c.id == run_id).values(work=run.work + 1))
        conn.execute(update(shards).where(mine).values(total=spec.units_per_replicate, estimated_s=None))
        idle.append("finished")
    conn.execute(update(shards).where(mine, shards.c.state.in_(idle)).values(QUEUED_AGAIN))
    run_rows.add_shards(conn, run_id, spec, range(old.replicates, spec.replicates), estimated_s)
    state = run_rows.update_state(conn, run_id)
    events.log(conn, run_id, [Changed(state=state, detail="extended")])


def discard(conn: Connection, run_id: str) -> None:
    """Move a run to the bin, cancelled if it is live. Raises NotFound."""
    run = _locked(conn, run_id)
    if run.deleted_at is None:
        discard_several(conn, {run_id: run.state})


def discard_several(conn: Connection, states: Mapping[str, State], at: float | None = None) -> None:
    """Move runs in these states to the bin, which the caller has locked, at a moment; the live ones are cancelled."""
    if live := [run_id for run_id, state in states.items() if state in ("queued", "running")]:
        cancel_several(conn, live)
    conn.execute(update(runs).where(runs.c.id.in_(states)).values(deleted_at=Now() if at is None else at))


def restore(conn: Connection, run_id: str) -> None:
    """Take a run out of the bin; it stays as it was stopped. Raises NotFound."""
    _locked(conn, run_id)
    restore_several(conn, [run_id])


def restore_several(conn: Connection, run_ids: Collection[str]) -> None:
    """Take runs out of the bin, which the caller has locked."""
    conn.execute(update(runs).where(runs.c.id.in_(run_ids)).values(deleted_at=None))


def purge(conn: Connection, run_id: str) -> None:
    """Delete a binned run and all it measured, for good. Raises NotFound, Conflict."""
    run = _locked(conn, run_id)
    if run.deleted_at is None:
        raise Conflict("the run is not in the bin: move it there first")
    if run.state in run_rows.LIVE:
        raise Conflict("the run is still stopping: try again in a few seconds")
    references.release(conn, references.of_run(conn, run_id))
    conn.execute(delete(runs).where(runs.c.id == run_id))


def purgeable(conn: Connection) -> list[str]:
    """Return ids of the binned runs that have stopped."""
    query = select(runs.c.id).where(runs.c.deleted_at.is_not(None), runs.c.state.not_in(run_rows.LIVE))
    return list(conn.scalars(query))


def _locked(conn: Connection, run_id: str) -> AnyRow:
    conn.execute(
        select(shards.c.id).where(shards.c.run_id == run_id).order_by(shards.c.id).with_for_update(key_share=True)
    )
    run = run_rows.locked(conn, run_id)
    acting.check(run.owner_id)
    return run


def _changeable(conn: Connection, run_id: str) -> AnyRow:
    run = _locked(conn, run_id)
    if run.deleted_at is not None:
        raise Conflict("the run is in the bin: restore it first")
    if run.state == "cancelling":
        raise Conflict("the run is still stopping: try again in a few seconds")
    return run


def _listed(fields: frozenset[str]) -> str:
    *most, last = sorted(fields)
    return f"{', '.join(most)} or {last}" if most else last
