"""Trainings get the coordinates that their kind of run declares, in place of a level, a branch and a draw."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import sqlalchemy as sa
from alembic import op

from app.contract.training_key import canonical
from app.kinds.before import Coordinates, Place, converted

revision = "0006"
down_revision = "0005"

_PLACE = ("level", "branch", "draw")
_AT_ONCE = 1_000


def upgrade() -> None:
    """Rewrite chunks, artifacts and their events, run by run, by the spec that each run was stored with."""
    for table in ("chunks", "artifacts"):
        op.add_column(table, sa.Column("key", sa.Text, nullable=True))
    connection = op.get_bind()
    for run in connection.execute(sa.select(_table("runs", "id", "kind", "spec"))).all():
        key_of = partial(converted, run.kind, json.loads(run.spec))
        _chunks(connection, run.id, key_of)
        _artifacts(connection, run.id, key_of)
    for table in ("chunks", "artifacts"):
        with op.batch_alter_table(table) as batch:
            batch.alter_column("key", existing_type=sa.Text, nullable=False)
            for name in _PLACE:
                batch.drop_column(name)


def _chunks(connection: sa.Connection, run_id: str, key_of: Callable[..., Coordinates]) -> None:
    """A measured column that is a coordinate now leaves the chunk, whose rows all belong to one training."""
    chunks = _table("chunks", "run_id", "seq", *_PLACE, "names", "data", "key")
    keys: dict[int, tuple[Coordinates, list[str]]] = {}
    changes = []
    for row in connection.execute(sa.select(chunks).where(chunks.c.run_id == run_id)):
        names = json.loads(row.names)
        values = np.frombuffer(row.data, "<f8").reshape(-1, len(names))
        key = key_of(Place(row.level, row.branch, row.draw), dict(zip(names, values[0].tolist(), strict=True)))
        kept = [name for name in names if name not in key]
        if len(kept) < len(names):
            moved = values[:, [names.index(name) for name in names if name in key]]
            if (moved != moved[0]).any():
                raise ValueError(f"chunk {row.seq} of run {run_id} has rows of several trainings")
            values = values[:, [names.index(name) for name in kept]]
        keys[row.seq] = key, kept
        changes.append({"b_seq": row.seq, "key": canonical(key), "names": json.dumps(kept), "data": values.tobytes()})
    _update(connection, chunks, run_id, changes)
    _events(connection, run_id, {seq: (key, {"columns": kept}) for seq, (key, kept) in keys.items()})


def _artifacts(connection: sa.Connection, run_id: str, key_of: Callable[..., Coordinates]) -> None:
    artifacts = _table("artifacts", "run_id", "seq", *_PLACE, "key")
    keys = {
        row.seq: key_of(Place(row.level, row.branch, row.draw))
        for row in connection.execute(sa.select(artifacts).where(artifacts.c.run_id == run_id))
    }
    changes = [{"b_seq": seq, "key": canonical(key)} for seq, key in keys.items()]
    _update(connection, artifacts, run_id, changes)
    _events(connection, run_id, {seq: (key, {}) for seq, key in keys.items()})


def _events(connection: sa.Connection, run_id: str, keys: dict[int, tuple[Coordinates, dict[str, list[str]]]]) -> None:
    events = _table("events", "run_id", "seq", "body")
    changes = []
    for row in connection.execute(sa.select(events.c.seq, events.c.body).where(events.c.run_id == run_id)):
        if row.seq in keys:
            key, more = keys[row.seq]
            body = {name: value for name, value in json.loads(row.body).items() if name != "place"}
            changes.append({"b_seq": row.seq, "body": _json({**body, "key": key, **more})})
    _update(connection, events, run_id, changes)


def _update(connection: sa.Connection, table: sa.TableClause, run_id: str, changes: list[dict[str, Any]]) -> None:
    """Write changes of the rows of a run, each with the `b_seq` of its row."""
    for first in range(0, len(changes), _AT_ONCE):
        part = changes[first : first + _AT_ONCE]
        same = (table.c.run_id == run_id) & (table.c.seq == sa.bindparam("b_seq"))
        values: dict[str, Any] = {name: sa.bindparam(name) for name in part[0] if name != "b_seq"}
        connection.execute(sa.update(table).where(same).values(values), part)


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)


def _table(name: str, *columns: str) -> sa.TableClause:
    types = {"seq": sa.Integer, "level": sa.Integer, "draw": sa.Integer, "data": sa.LargeBinary}
    return sa.table(name, *(sa.column(column, types.get(column, sa.Text)) for column in columns))
