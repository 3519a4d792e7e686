"""Runs: created, read and renamed; their state, which follows from their shards."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

from pydantic import TypeAdapter
from sqlalchemy import Column, Connection, and_, bindparam, insert, literal, select, union, update

from app.contract.events import Changed
from app.contract.experiment import Experiment, RunSpec
from app.kinds.specs import Spec
from app.records import PRIORITIES, Refusal, Run, Shard, State
from app.store import events, facts, labels, notices, stopped
from app.store.errors import NotFound
from app.store.lookup import exists, moment
from app.store.owners import OWNER, PROJECT
from app.store.progress import run_progress
from app.store.sql import Now
from app.store.tables import AnyRow, refusals, runs, shards

SPEC: TypeAdapter[Spec] = TypeAdapter(Spec)
LIVE = ("queued", "running", "cancelling")


class Relatives(NamedTuple):
    """A run with the one that it repeats, if that is still there, and the newest that repeat it, the newest first.

    `refusals` are those of its waiting shards.
    """

    run: Run
    original: Run | None
    repeats: tuple[Run, ...]
    refusals: tuple[Refusal, ...]


def create(
    conn: Connection,
    run_id: str,
    spec: Experiment,
    *,
    name: str,
    tags: Iterable[str],
    notes: str,
    again_of: str | None = None,
    sweep_id: str | None = None,
    estimated_s: float | None = None,
) -> None:
    """Store a run, its shards and its first event. Raises FieldError for bad labels.

    `again_of` is the run that it repeats, `sweep_id` the sweep that it is a member of. `estimated_s` is the expected
    time of each shard on a slot.
    """
    add_run(conn, run_id, spec, "queued", name=name, tags=tags, notes=notes, again_of=again_of, sweep_id=sweep_id)
    add_shards(conn, run_id, spec, range(spec.replicates), estimated_s)
    events.log(conn, run_id, [Changed(state="queued")])


def add_run(
    conn: Connection,
    run_id: str,
    spec: RunSpec,
    state: State,
    *,
    name: str,
    tags: Iterable[str],
    notes: str,
    again_of: str | None = None,
    sweep_id: str | None = None,
) -> None:
    """Store a run without shards. Raises FieldError for bad labels."""
    row = new_row(run_id, spec, state, name=name, tags=tags, notes=notes, again_of=again_of, sweep_id=sweep_id)
    conn.execute(insert(runs).values(**row, created_at=Now()))
    facts.put(conn, run_id, row["spec"])


def new_row(
    run_id: str,
    spec: RunSpec,
    state: State,
    *,
    name: str,
    tags: Iterable[str],
    notes: str,
    again_of: str | None = None,
    sweep_id: str | None = None,
) -> dict[str, Any]:
    """Return the row of a new run, but for the time at which it is stored. Raises FieldError for bad labels."""
    name, tags, notes = labels.check_name(name), labels.check_tags(tags), labels.check_notes(notes)
    return {
        "id": run_id,
        "name": name,
        "again_of": again_of,
        "sweep_id": sweep_id,
        "kind": spec.kind,
        "model": spec.model_name,
        "dataset": spec.dataset_name,
        "spec": spec.model_dump(mode="json"),
        "state": state,
        "tags": tags,
        "notes": notes,
        "search": labels.search_text(name, tags, spec),
        "provenance": {},
    }


def add_shards(
    conn: Connection, run_id: str, spec: Experiment, replicates: Iterable[int], estimated_s: float | None
) -> None:
    """Queue one shard for each of the replicates."""
    if values := shard_rows(run_id, spec, replicates, estimated_s):
        conn.execute(insert(shards), values)


def shard_rows(
    run_id: str, spec: Experiment, replicates: Iterable[int], estimated_s: float | None
) -> list[dict[str, Any]]:
    """Return the rows of queued shards, one for each of the replicates."""
    row = {
        "run_id": run_id,
        "state": "queued",
        "queue": spec.device,
        "checkpoints": [],
        "total": spec.units_per_replicate,
        "estimated_s": estimated_s,
    }
    return [{**row, "replicate": replicate} for replicate in replicates]


def get(conn: Connection, run_id: str) -> Run:
    """Return a run. Raises NotFound."""
    return records(conn, [_row(conn, run_id)])[0]


def several(conn: Connection, run_ids: Sequence[str]) -> list[Run]:
    """Return these runs in their order. Raises NotFound for the first that is not there."""
    rows = conn.execute(select(runs, OWNER, PROJECT).where(runs.c.id.in_(run_ids))).all()
    by_id = {run.id: run for run in records(conn, rows)}
    for run_id in run_ids:
        if run_id not in by_id:
            raise NotFound(f"there is no run {run_id}")
    return [by_id[run_id] for run_id in run_ids]


def records(conn: Connection, rows: Sequence[AnyRow]) -> list[Run]:
    """Return rows of the table `runs` with their owners, the progress and the workers of their shards."""
    if not rows:
        return []
    of_run: dict[str, list[AnyRow]] = {row.id: [] for row in rows}
    for shard in conn.execute(select(*_of_shards()).where(shards.c.run_id.in_(of_run)).order_by(shards.c.replicate)):
        of_run[shard.run_id].append(shard)
    why = stopped.reasons(conn, rows)
    return [_record(row, of_run[row.id], why.get(row.id)) for row in rows]


def relatives(conn: Connection, run_id: str, newest: int) -> Relatives:
    """Read a run with all that repeats it or that it repeats. Raises NotFound."""
    repeats = (
        select(runs.c.id)
        .where(runs.c.again_of == run_id, runs.c.deleted_at.is_(None))
        .order_by(runs.c.created_at.desc(), runs.c.id.desc())
        .limit(newest)
        .subquery()
    )
    original = select(runs.c.again_of).where(runs.c.id == run_id)
    # One list of ids: of three conditions PostgreSQL would try each run.
    which = union(select(literal(run_id)), select(repeats.c.id), original)
    query = select(runs, OWNER, PROJECT).where(runs.c.id.in_(which))
    rows = conn.execute(query.order_by(runs.c.created_at.desc(), runs.c.id.desc())).all()
    if not any(row.id == run_id for row in rows):
        raise NotFound(f"there is no run {run_id}")
    waiting = and_(refusals.c.shard_id == shards.c.id, shards.c.state == "queued", shards.c.run_id == run_id)
    query = (
        select(*_of_shards(), shards.c.id, shards.c.replicate, refusals.c.worker.label("refused_by"), refusals.c.reason)
        .select_from(shards.outerjoin(refusals, waiting))
        .where(shards.c.run_id.in_([row.id for row in rows]))
        .order_by(shards.c.replicate, refusals.c.at)
    )
    of_run: dict[str, dict[int, AnyRow]] = {row.id: {} for row in rows}
    refused = []
    for shard in conn.execute(query):
        of_run[shard.run_id].setdefault(shard.id, shard)
        if shard.reason is not None:
            refused.append(Refusal(replicate=shard.replicate, worker=shard.refused_by, reason=shard.reason))
    why = stopped.reasons(conn, rows)
    known = {row.id: _record(row, list(of_run[row.id].values()), why.get(row.id)) for row in rows}
    run = known[run_id]
    again = (item for item in known.values() if item.again_of == run_id and item.deleted_at is None)
    return Relatives(run, known.get(run.again_of or ""), tuple(again)[:newest], tuple(refused))


def _of_shards() -> list[Column[Any]]:
    return [shards.c[name] for name in ("run_id", "state", "worker", "done", "total", "note", "speed", "slot_s")]


def shard_records(conn: Connection, run_id: str) -> list[Shard]:
    """Return the run's shards by replicate. Raises NotFound."""
    exists(conn, run_id)
    rows = conn.execute(select(shards).where(shards.c.run_id == run_id).order_by(shards.c.replicate))
    return [
        Shard(
            id=row.id, run_id=row.run_id, replicate=row.replicate, state=row.state, attempt=row.attempt,
            worker=row.worker, error=_error(row) if row.error else None, done=row.done, total=row.total, note=row.note,
        )
        for row in rows
    ]  # fmt: skip


def relabel(conn: Connection, run_id: str, *, name: str | None, tags: Iterable[str] | None, notes: str | None) -> None:
    """Change what is not None. Raises NotFound, FieldError."""
    row = locked(conn, run_id)
    name = row.name if name is None else labels.check_name(name)
    tags = row.tags if tags is None else labels.check_tags(tags)
    notes = row.notes if notes is None else labels.check_notes(notes)
    search = labels.search_text(name, tags, SPEC.validate_python(row.spec))
    conn.execute(update(runs).where(runs.c.id == run_id).values(name=name, tags=tags, notes=notes, search=search))


def locked(conn: Connection, run_id: str) -> AnyRow:
    """Return the run's row, locked until the transaction ends; lock its shards before it. Raises NotFound."""
    return _row(conn, run_id, lock=True)


def update_state(conn: Connection, run_id: str) -> State:
    """Derive the run's state from its shards, store it, and log an end."""
    return update_states(conn, [run_id])[run_id]


def update_states(conn: Connection, run_ids: Collection[str]) -> dict[str, State]:
    """Do the same for several runs, whose new states are returned; the caller has locked the shards of all of them."""
    rows = conn.execute(select(runs).where(runs.c.id.in_(run_ids)).order_by(runs.c.id).with_for_update(key_share=True))
    of_run: dict[str, list[AnyRow]] = {run_id: [] for run_id in run_ids}
    columns = (shards.c[name] for name in ("run_id", "state", "replicate", "error", "traceback"))
    for shard in conn.execute(select(*columns).where(shards.c.run_id.in_(run_ids)).order_by(shards.c.replicate)):
        of_run[shard.run_id].append(shard)
    states: dict[str, State] = {}
    changed: dict[bool, list[dict[str, Any]]] = {True: [], False: []}
    begun = []
    for row in rows.all():
        states[row.id] = state = derive([shard.state for shard in of_run[row.id]])
        if state == row.state:
            continue
        failed = [f"replicate {item.replicate}: {_error(item)}" for item in of_run[row.id] if item.state == "failed"]
        error = "\n\n".join(failed) if state == "failed" else None
        changed[state not in LIVE].append({"run": row.id, "state": state, "error": error})
        if state == "running" and row.started_at is None:
            begun.append(row.id)
    for ended, values in changed.items():
        if values:
            finished_at = Now() if ended else None
            conn.execute(update(runs).where(runs.c.id == bindparam("run")).values(finished_at=finished_at), values)
    if begun:
        conn.execute(update(runs).where(runs.c.id.in_(begun)).values(started_at=Now()))
    notices.log_ends(conn, changed[True])
    return states


def derive(states: Sequence[State]) -> State:
    """Return a run's state from the states of its shards."""
    order: tuple[State, ...] = ("cancelling", "running", "queued", "failed", "cancelled")
    return next((state for state in order if state in states), "finished")


def _error(shard: AnyRow) -> str:
    return "\n".join(filter(None, (shard.error, shard.traceback)))


def _row(conn: Connection, run_id: str, *, lock: bool = False) -> AnyRow:
    query = select(runs, OWNER, PROJECT).where(runs.c.id == run_id)
    row = conn.execute(query.with_for_update(key_share=True) if lock else query).first()
    if row is None:
        raise NotFound(f"there is no run {run_id}")
    return row


def _record(row: AnyRow, of_run: Sequence[AnyRow], why_stopped: str | None) -> Run:
    return Run(
        id=row.id,
        name=row.name,
        kind=row.kind,
        spec=SPEC.validate_python(row.spec),
        state=row.state,
        progress=run_progress(of_run),
        tags=tuple(row.tags),
        notes=row.notes,
        created_at=moment(row.created_at),
        started_at=moment(row.started_at),
        finished_at=moment(row.finished_at),
        deleted_at=moment(row.deleted_at),
        again_of=row.again_of,
        sweep=row.sweep_id,
        stopped=why_stopped,
        error=row.error,
        provenance=row.provenance,
        workers=tuple(dict.fromkeys(shard.worker for shard in of_run if shard.worker)),
        last_seq=row.last_seq,
        owner=row.owner,
        priority=PRIORITIES[row.priority],
        project=row.project,
    )
