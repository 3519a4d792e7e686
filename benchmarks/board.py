"""Pages of a store with 10,000 runs and 33,000 replicates: board, searches, orders, groups and the page of a run.

The time of the process that serves a page, so that others who use the machine do not count; p95 of each page over its
bound, the worst. `python -m benchmarks.board` prints each page. SQLite, or the database at
TICKETSCOPE_BENCH_DATABASE_URL, which must be empty.
"""

import asyncio
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import numpy as np

from app.main import create_app
from app.queue import Queue
from app.settings import Settings
from app.store import Store
from benchmarks.stock import fill

Get = Callable[[str], httpx.Response]

NAME = "board_pages"
BOUND = 1.0

RUNS, REPEATS = 10_000, 20
PAGES: Mapping[str, tuple[str, float]] = {
    "board": ("/", 0.06),
    "run": ("/runs/z000000007", 0.06),
    **{
        name: (f"/?{query}", 0.1)
        for name, query in {
            "a word": "q=7777",
            "a state": "q=state:failed",
            "a field": "q=optimizer:adam+lr>1e-3",
            "a measure": "q=accuracy@5%25>0.97",
            "a measure or a word": "q=verdict:matches+OR+9999",
            "by finish": "sort=-finished_at",
            "by name": "sort=name",
            "by a field": "sort=optimizer.lr",
            "by a measure": "sort=-accuracy@5%25&columns=accuracy@5%25",
            "second page": "sort=-accuracy&cursor=",
            "groups by a field": "group=optimizer",
            "groups by a number": "group=lr&columns=accuracy,accuracy@5%25",
            "groups by a verdict": "group=verdict&columns=accuracy",
        }.items()
    },
}
"""Addresses with the seconds that each may take."""


def measure() -> float:
    """The worst p95 over its bound."""
    return max(found["cpu"] / PAGES[name][1] for name, found in pages().items())


def pages() -> dict[str, dict[str, float]]:
    """Seconds of each page: p95 of processor time and of the time that passed."""
    with _served() as get:
        found = {}
        for name, (address, _) in PAGES.items():
            address = _second(get) if name == "second page" else address
            found[name] = _times(get, address)
        return found


@contextmanager
def _served() -> Iterator[Get]:
    with TemporaryDirectory(prefix="ticketscope-") as folder:
        settings = Settings(data_dir=Path(folder), demo=False)
        url = os.environ.get("TICKETSCOPE_BENCH_DATABASE_URL", settings.resolved_database_url)
        with closing(Store(url, settings.resolved_artifacts_url)) as store:
            store.migrate()
            fill(store, RUNS)
            with closing(Queue("")) as queue:
                # Without a lifespan: no thread of the server's own works meanwhile.
                transport = httpx.ASGITransport(create_app(settings, store, queue))
                client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")
                with asyncio.Runner() as runner:
                    yield lambda address: runner.run(client.get(address, headers={"Accept": "text/html"}))
                    runner.run(client.aclose())


def _second(get: Get) -> str:
    cursor = get("/api/v1/runs?sort=-accuracy&format=json").json()["next"]
    return f"/?sort=-accuracy&cursor={cursor}"


def _times(get: Get, address: str) -> dict[str, float]:
    spent = []
    for repeat in range(REPEATS + 2):
        began, cpu = time.perf_counter(), time.process_time()
        answer = get(address)
        if repeat > 1:  # the first ones fill caches, as the first reader of a day does
            spent.append((time.process_time() - cpu, time.perf_counter() - began))
        if answer.status_code != 200:
            raise RuntimeError(f"{address} answers {answer.status_code}")
    cpu_s, wall_s = np.percentile(np.array(spent), 95, axis=0)
    return {"cpu": float(cpu_s), "wall": float(wall_s)}


if __name__ == "__main__":
    for name, found in pages().items():
        print(
            f"{name:<22} {1000 * found['cpu']:6.1f} ms  (passed {1000 * found['wall']:.0f})  {1000 * PAGES[name][1]:g}"
        )
