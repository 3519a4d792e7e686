"""Runs that are not trained here: all that was measured and saved of them is there at once."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, insert, select, update

from app.contract.events import ArtifactSaved, Changed, Finished, Measured, Started
from app.contract.experiment import RunSpec
from app.store import events
from app.store import runs as run_rows
from app.store.sql import Now
from app.store.tables import runs, shards


def create(
    conn: Connection,
    run_id: str,
    spec: RunSpec,
    outputs: Sequence[Sequence[Measured | ArtifactSaved]],
    provenance: Mapping[str, Any],
    *,
    name: str,
    tags: Iterable[str],
    notes: str,
) -> None:
    """Store a finished run with its whole log; `outputs` are of each replicate. Raises FieldError for bad labels."""
    run_rows.add_run(conn, run_id, spec, "finished", name=name, tags=tags, notes=notes)
    done = {"state": "finished", "queue": "any", "attempt": 1, "checkpoints": []}
    for replicate, work in enumerate(spec.totals):
        conn.execute(insert(shards).values(run_id=run_id, replicate=replicate, done=work, total=work, **done))
        shard = conn.execute(select(shards).where(shards.c.run_id == run_id, shards.c.replicate == replicate)).one()
        started = Started(replicate=replicate, attempt=1, worker="import", plan={}, provenance=dict(provenance))
        events.log(conn, run_id, [started], shard)
        events.append(conn, shard, outputs[replicate], 0)
        events.log(conn, run_id, [Finished(replicate=replicate)], shard)
    events.log(conn, run_id, [Changed(state="finished")])
    conn.execute(
        update(runs)
        .where(runs.c.id == run_id)
        .values(provenance=dict(provenance), started_at=runs.c.created_at, finished_at=Now())
    )
