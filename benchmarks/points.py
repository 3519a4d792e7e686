"""Measurements of a filled store, as workers would have written them: events, and the chunks of rows that they name."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import orjson
from sqlalchemy import select

from app.contract.events import WINNING_TICKET, Measured
from app.kinds.lottery.spec import LotteryKey
from app.store import Store, chunks
from app.store.tables import chunks as chunk_table
from app.store.tables import events, runs, shards
from benchmarks.rows import insert

SHARDS_AT_ONCE = 200
LEVELS, PER_LEVEL, ROWS = 15, 2, 20
"""Of a replicate: its trainings, the events of each, and the rows that an event carries."""
LOSSES = ("train_loss", "validation_loss", "validation_accuracy", "test_loss", "test_accuracy")


def rows_of_shard() -> int:
    """Return how many points a replicate has: its evaluations, and an outcome for each level."""
    return LEVELS * (PER_LEVEL * ROWS + 1)


def fill(store: Store) -> int:
    """Store the log of each shard of a store that `benchmarks.stock` filled; returns the number of points."""
    log = list(_log(np.random.default_rng(0)))
    with store._db.read() as conn:
        columns = shards.c.id, shards.c.run_id, shards.c.replicate
        stock = select(*columns).join(runs, runs.c.id == shards.c.run_id).where(runs.c.deleted_at.is_(None))
        known = conn.execute(stock.order_by(shards.c.id)).all()
    seqs: dict[str, int] = {}
    for first in range(0, len(known), SHARDS_AT_ONCE):
        rows: dict[Any, list[dict[str, Any]]] = {events: [], chunk_table: []}
        for shard in known[first : first + SHARDS_AT_ONCE]:
            # Seqs of a run go on over its replicates, after the event of its submission.
            start = seqs.get(shard.run_id, 1) + 1
            seqs[shard.run_id] = start + len(log) - 1
            for seq, (event, chunk) in enumerate(log, start):
                body = {**event["body"], "chunk": seq}
                rows[events].append(
                    {**event, "body": body, "run_id": shard.run_id, "seq": seq, "shard_id": shard.id,
                     "replicate": shard.replicate}
                )  # fmt: skip
                rows[chunk_table].append({**chunk, "run_id": shard.run_id, "seq": seq, "replicate": shard.replicate})
        with store._db.write(hasty=True) as conn:
            for table, values in rows.items():
                insert(conn, table, values)
    with store._db.write() as conn:
        for run_id, seq in seqs.items():
            conn.execute(runs.update().where(runs.c.id == run_id).values(last_seq=seq, measured_seq=seq))
    return len(known) * rows_of_shard()


def _log(rng: np.random.Generator) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield the events of a replicate with their chunks, as `app.store.events` makes them."""
    ordinal = 0
    for level in range(LEVELS):
        key, density = LotteryKey(level=level), 0.8**level
        measured = [
            Measured(
                series="evaluation", key=key,
                columns={
                    "step": [25.0 * (ROWS * part + row) for row in range(ROWS)],
                    **{name: rng.normal(0.9, 0.02, ROWS).tolist() for name in LOSSES},
                },
            )
            for part in range(PER_LEVEL)
        ]  # fmt: skip
        accuracy = float(rng.normal(0.95, 0.01))
        outcome = {
            "steps": 1000.0, "density": density, "train_accuracy": 1.0, "validation_accuracy": accuracy,
            "validation_loss": 0.3, "test_accuracy": accuracy, "test_loss": 0.3, "early_stop_step": 450.0,
            "early_stop_test_accuracy": accuracy, "early_stop_validation_loss": 0.3, "early_stop_censored": 0.0,
            "diverged_step": float("nan"),
        }  # fmt: skip
        last = LotteryKey(level=level, control=WINNING_TICKET)
        measured.append(Measured(series="outcome", key=last, columns={k: [value] for k, value in outcome.items()}))
        for event in measured:
            body = event.model_dump(mode="json", exclude={"columns"})
            body |= {"rows": event.rows, "columns": list(event.columns)}
            names = orjson.dumps(list(event.columns)).decode()
            yield (
                {"at": 1.7e9 + ordinal, "ordinal": ordinal, "topic": event.series, "body": body},
                {
                    "series": event.series, "key": event.key.text, "ordinal": ordinal, "rows": event.rows,
                    "names": names, "data": chunks.pack(event.columns),
                },
            )  # fmt: skip
            ordinal += event.rows
