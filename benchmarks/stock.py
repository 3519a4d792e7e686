"""A store full of runs, as a lab has it after some years, written straight into its tables."""

import random
from typing import Any

from app.kinds.presets import PRESETS
from app.kinds.ticket_measures import ranges
from app.search.facts import Fact, facts_of
from app.store import Store, labels
from app.store.facts import numbers_of
from app.store.tables import facts as fact_table
from app.store.tables import run_numbers, runs, shards
from benchmarks.rows import insert

AT_ONCE = 1_000
OPTIMIZERS = ("adam", "sgd", "muon", "lion")
LEVELS = 15


def fill(store: Store, number: int, seed: int = 0) -> None:
    """Store `number` ended runs of 3 or 4 replicates with all that a board shows of them; their log stays empty."""
    rng = random.Random(seed)
    model = store.create_run(PRESETS["digits-tickets"].spec, name="model")
    with store._db.write() as conn:
        run = dict(conn.execute(runs.select()).mappings().one())
        shard = dict(conn.execute(shards.select().limit(1)).mappings().one())
        del shard["id"]
    for first in range(0, number, AT_ONCE):
        rows: dict[Any, list[dict[str, Any]]] = {runs: [], shards: [], fact_table: [], run_numbers: []}
        for place in range(first, min(first + AT_ONCE, number)):
            row = _run(rng, run, place)
            rows[runs].append(row)
            replicates = range(3 + (place % 10 < 3))
            rows[shards] += [
                {**shard, "run_id": row["id"], "replicate": replicate, "state": row["state"], "slot_s": 900.0}
                for replicate in replicates
            ]
            facts = [*facts_of(row["spec"]), *_measured(rng, len(replicates))]
            spec_facts = len(facts_of(row["spec"]))
            rows[run_numbers].append(numbers_of(row["id"], facts[spec_facts:]))
            rows[fact_table] += [
                {"run_id": row["id"], "seq": None if i < spec_facts else 0, **fact._asdict(), "leaf": fact.leaf}
                for i, fact in enumerate(facts)
            ]
        with store._db.write(hasty=True) as conn:
            for table, values in rows.items():
                insert(conn, table, values)
    store.bin_run(model.id)


def _run(rng: random.Random, run: dict[str, Any], place: int) -> dict[str, Any]:
    optimizer = {"kind": rng.choice(OPTIMIZERS), "lr": rng.choice((1e-4, 1e-3, 1e-2, 0.1))}
    spec = {**run["spec"], "optimizer": optimizer, "steps": rng.choice((500, 1000, 2000)), "seed": place}
    state = rng.choices(("finished", "failed", "cancelled"), (8, 1, 1))[0]
    created, name = run["created_at"] - 60 * place, f"run {place}"
    return {
        **run, "id": f"z{place:09d}", "name": name, "spec": spec, "state": state, "created_at": created,
        "started_at": created + 5, "finished_at": created + rng.uniform(60, 90_000), "tags": ["stock"],
        "search": labels.search_lines(name, ["stock"], run["kind"], run["model"], run["dataset"]),
        "error": "replicate 0: the disk is full" if state == "failed" else None, "measured_seq": run["last_seq"],
    }  # fmt: skip


def _measured(rng: random.Random, n: int) -> list[Fact]:
    accuracy = rng.gauss(0.95, 0.02)
    densities = [0.8**level for level in range(LEVELS)]
    return [
        Fact("result.accuracy", accuracy, n=n),
        Fact("result.best_accuracy", accuracy + 0.01, n=n),
        Fact("result.sparsity", 1 - densities[-1], n=n),
        Fact("result.verdict", text=rng.choice(("matches", "loses", "undecided")), n=n),
        Fact("cost.core_seconds", rng.uniform(100, 1e5)),
        Fact("cost.disk_bytes", rng.uniform(1e5, 1e9)),
        *(
            Fact("result.accuracy@", accuracy - 0.002 * level, n=n, low=low, high=high)
            for level, (low, high) in enumerate(ranges(densities))
        ),
    ]
