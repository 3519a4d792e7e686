"""Seconds from submitting a run to its first event from a worker that is already warm; the median of seven."""

import time
from statistics import median

import httpx

from app.kinds.presets import PRESETS
from benchmarks.server import Server, server

NAME = "queue_to_event"
BOUND = 1.5
"""Seconds."""

ROUNDS = 7


def measure() -> float:
    """Return the median seconds from the POST to `started`, after one run that warms the worker up."""
    with server(workers=1) as running:
        return median([_submit(running) for _ in range(1 + ROUNDS)][1:])


def _submit(running: Server) -> float:
    spec = PRESETS["digits-tickets"].spec.model_copy(update={"steps": 50, "levels": 1, "replicates": 1, "branches": ()})
    store = running.store()
    began = time.perf_counter()
    answer = httpx.post(f"{running.url}/api/v1/runs", json={"spec": spec.model_dump(mode="json")}, trust_env=False)
    run_id = answer.raise_for_status().json()["id"]
    while not any(record.event["kind"] == "started" for record in store.events(run_id)):
        time.sleep(0.005)
    took = time.perf_counter() - began
    while store.run(run_id).state != "finished":
        time.sleep(0.02)
    return took
