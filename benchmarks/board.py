"""Pages of a store with 10,000 runs, 33,000 replicates and 20 million points: board, searches, orders, groups, a run.

The time is that of the processors that serve a page, so that others who use the machine do not count. It is p95 of each
page over its bound, the worst, on SQLite and on PostgreSQL. `python -m benchmarks.board` prints each page.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import numpy as np

from app.garbage import freeze
from app.main import create_app
from app.queue import Queue
from app.settings import Settings
from app.store import Store
from benchmarks import points
from benchmarks.databases import KINDS, one_process_each, spent_s, store_of, vacuum
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
            "four fields": "q=optimizer:adam+lr>1e-3+-tag:old+accuracy@5%25>0.99",
            "by finish": "sort=-finished_at",
            "by name": "sort=name",
            "by a field": "sort=optimizer.lr",
            "by a measure": "sort=-accuracy@5%25&columns=accuracy@5%25",
            "by a word": "sort=-optimizer",
            "second page": "sort=-accuracy&cursor=",
            "groups by a field": "group=optimizer",
            "groups by a number": "group=lr&columns=accuracy,accuracy@5%25",
            "groups by a verdict": "group=verdict&columns=accuracy",
            "groups by name": "group=name&columns=accuracy",
            "groups of one": "group=seed&columns=accuracy",
        }.items()
    },
}
"""Addresses with the seconds that each may take."""


def measure() -> float:
    """Return the worst p95 over its bound, on either database."""
    return max(worst(pages(kind, RUNS)) for kind in KINDS)


def worst(measured: Mapping[str, Mapping[str, float]]) -> float:
    """Return the most that a page takes over its bound."""
    return max(times["cpu"] / PAGES[name][1] for name, times in measured.items())


def pages(kind: str, number: int, *, with_points: bool = True) -> dict[str, dict[str, float]]:
    """Measure each page with so many runs, and their points: p95 of processor time and of elapsed time, in seconds."""
    with store_of(kind) as store:
        fill(store, number)
        if with_points:
            points.fill(store)
        vacuum(store)
        return of_store(store)


def of_store(store: Store) -> dict[str, dict[str, float]]:
    """Measure each page of a filled store."""
    one_process_each(store)
    with _served(store) as get:
        measured = {}
        for name, (address, _) in PAGES.items():
            address = _second(get) if name == "second page" else address
            measured[name] = _times(store, get, address)
        return measured


@contextmanager
def _served(store: Store) -> Iterator[Get]:
    with TemporaryDirectory(prefix="ticketscope-") as folder, closing(Queue("")) as queue:
        # Without a lifespan: no thread of the server's own works meanwhile.
        transport = httpx.ASGITransport(create_app(Settings(data_dir=Path(folder), demo=False), store, queue))
        client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")
        freeze()  # as the web does when it starts
        with asyncio.Runner() as runner:
            yield lambda address: runner.run(client.get(address, headers={"Accept": "text/html"}))
            runner.run(client.aclose())


def _second(get: Get) -> str:
    cursor = get("/api/v1/runs?sort=-accuracy&format=json").json()["next"]
    return f"/?sort=-accuracy&cursor={cursor}"


def _times(store: Store, get: Get, address: str) -> dict[str, float]:
    spent = []
    for repeat in range(REPEATS + 2):
        began, cpu = time.perf_counter(), spent_s(store)
        answer = get(address)
        passed = time.perf_counter() - began
        if repeat > 1:  # the first ones fill caches, as the first reader of a day does
            spent.append((spent_s(store) - cpu, passed))
        if answer.status_code != 200:
            raise RuntimeError(f"{address} answers {answer.status_code}")
    cpu_s, wall_s = np.percentile(np.array(spent), 95, axis=0)
    return {"cpu": float(cpu_s), "wall": float(wall_s)}


def show(measured: Mapping[str, Mapping[str, float]], times: float = 1) -> None:
    """Print each page with its bound, which is `times` the usual one."""
    for name, took in measured.items():
        bound = 1_000 * times * PAGES[name][1]
        print(f"{name:<22} {1_000 * took['cpu']:6.1f} ms  (passed {1_000 * took['wall']:.0f})  {bound:g}", flush=True)


if __name__ == "__main__":
    for kind in KINDS:
        print(kind)
        show(pages(kind, RUNS))
