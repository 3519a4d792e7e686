"""A database whose measures are facts alone gets them as columns of one row, and gives these up again."""

import json
from pathlib import Path
from typing import Any

from alembic import command
from sqlalchemy import Connection, inspect, text

from app.kinds.lottery.spec import LotterySpec
from app.store import Store
from app.store.database import Database
from app.store.migrate import config

RUN = (
    "INSERT INTO runs (id, name, kind, model, dataset, spec, work, state, tags, notes, search, provenance, created_at, "
    "last_seq) VALUES (:id, 'r', 'lottery', 'm', 'd', :spec, 0, 'finished', '[]', '', 'r', '{}', 1.0, 1)"
)
FACT = (
    "INSERT INTO facts (run_id, path, leaf, number, text, seq, low, high) "
    "VALUES (:run, :path, :leaf, :number, :text, :seq, :low, :high)"
)


def fact(run: str, path: str, number: float | None, text: str | None = None, **more: Any) -> dict[str, Any]:
    leaf = path.partition(".")[2]
    return {"run": run, "path": path, "leaf": leaf, "number": number, "text": text, "seq": 1, "low": None,
            "high": None, **more}  # fmt: skip


def filled(connection: Connection, spec: LotterySpec) -> None:
    stored = json.dumps(spec.model_dump(mode="json"))
    connection.execute(text(RUN), [{"id": name, "spec": stored} for name in ("measured00", "another000", "unmeasured")])
    rows = [
        fact("measured00", "result.accuracy", 0.9),
        fact("measured00", "result.accuracy@", 0.5, low=0.1, high=1.5),
        fact("measured00", "result.verdict", None, "matches"),
        fact("measured00", "cost.core_seconds", 12.0),
        fact("another000", "result.accuracy", 0.8),
        # A field of a spec, which is no measure.
        fact("unmeasured", "result.accuracy", 0.1, seq=None),
    ]
    connection.execute(text(FACT), rows)


def test_measures_of_before_become_columns(new_url: str, tmp_path: Path, spec: LotterySpec) -> None:
    database = Database(new_url)
    if database.is_sqlite:
        with database.writer.connect() as connection:
            connection.connection.cursor().execute("PRAGMA journal_mode = WAL")
    with database.write() as connection:
        command.upgrade(config(connection), "0022")
        filled(connection, spec)
        command.upgrade(config(connection), "0023")
        command.downgrade(config(connection), "0022")
        assert not inspect(connection).has_table("run_numbers")
        assert connection.scalar(text("SELECT count(*) FROM facts")) == 6
        command.upgrade(config(connection), "head")
        columns = "run_id, accuracy, core_seconds, erased"
        rows = connection.execute(text(f"SELECT {columns} FROM run_numbers ORDER BY run_id")).all()
    database.dispose()
    assert [tuple(row) for row in rows] == [("another000", 0.8, None, None), ("measured00", 0.9, 12.0, None)]
    store = Store(new_url, str(tmp_path / "artifacts"))
    (group,) = store.groups("kind", columns=["accuracy", "core_seconds"]).items
    store.close()
    assert (group.n, group.columns["accuracy"].n, group.columns["core_seconds"].mean) == (3, 2, 12.0)
