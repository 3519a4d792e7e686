"""Actions on 1,000 runs over the JSON API, the store holding 10,000: the slowest of tag, cancel, bin and restore.

On SQLite and on PostgreSQL; `python -m benchmarks.bulk` prints each.
"""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import uvicorn
from fastapi import FastAPI

from app.kinds.presets import PRESETS
from app.main import create_app
from app.queue import Queue
from app.settings import Settings
from benchmarks.databases import KINDS, store_of, vacuum

NAME = "bulk_action"
BOUND = 3.0

RUNS, CHANGED = 10_000, 1_000


def measure() -> float:
    """Return the seconds of the slowest action on 1,000 of 10,000 runs, on either database."""
    return max(max(actions(kind).values()) for kind in KINDS)


def actions(kind: str) -> dict[str, float]:
    """Return the seconds of each action, and of the preview before it."""
    with store_of(kind) as store, TemporaryDirectory(prefix="ticketscope-") as folder:
        spec = PRESETS["digits-tickets"].spec
        for number in range(RUNS):
            store.create_run(spec, name=f"run {number}", tags=["chosen"] if number % (RUNS // CHANGED) == 0 else [])
        vacuum(store)
        settings = Settings(data_dir=Path(folder), demo=False)
        with closing(Queue("")) as queue, _served(create_app(settings, store, queue)) as client:
            seconds = {}
            for action in ("tag", "untag", "cancel", "resume", "bin", "restore"):
                body = {"action": action, "tag": "old", "q": "tag:chosen", "binned": action == "restore"}
                seconds[f"preview of {action}"] = _send(client, {**body, "dry_run": True})
                seconds[action] = _send(client, body)
            return seconds


@contextmanager
def _served(app: FastAPI) -> Iterator[httpx.Client]:
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join(10)


def _send(client: httpx.Client, body: Mapping[str, object]) -> float:
    began = time.perf_counter()
    answer = client.post("/api/v1/runs/bulk", json=body)
    took = time.perf_counter() - began
    if answer.status_code != 200 or len(answer.json()["changed"]) != CHANGED:
        raise RuntimeError(f"{body} changed other runs: {answer.text[:300]}")
    return took


if __name__ == "__main__":
    for kind in KINDS:
        for action, seconds in actions(kind).items():
            print(f"{kind}: {action}  {seconds:.2f} s", flush=True)
