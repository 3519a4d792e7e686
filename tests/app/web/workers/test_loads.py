"""Machines and workers in gauges: by hand, and on the pages that show them."""

from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import httpx
import pytest

from app.records import WorkerInfo, WorkerLoad
from app.store import Store
from app.web.workers.loads import Gauge, Machine, gauges, machines, troubles
from tests.app.conftest import Hand
from tests.app.reading import unmarked

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LOAD = WorkerLoad(
    cpu_cores=1.5,
    memory_bytes=2_000_000_000,
    machine_cpu_share=0.5,
    machine_cores=6,
    machine_memory_bytes=8_000_000_000,
    machine_memory_total_bytes=16_000_000_000,
    disk_free_bytes=75_000_000_000,
)
GPU = {"gpu_share": 0.87, "gpu_memory_bytes": 20_000_000_000, "gpu_memory_total_bytes": 80_000_000_000}


def worker(worker_id: str, **changed: Any) -> WorkerInfo:
    known = {"id": worker_id, "host": "h", "pid": 1, "queue": "cpu", "device": "x", "slots": 2, "alive": True}
    return WorkerInfo.model_validate({**known, "started_at": NOW, "seen_at": NOW, **changed})


def test_a_worker_uses_a_part_of_its_machine_and_a_gpu_of_its_own() -> None:
    assert gauges(LOAD) == (Gauge("CPU", 0.25, "1.5 of 6 cores"), Gauge("Memory", 0.125, "2.0 GB of 16 GB"))
    assert gauges(LOAD.model_copy(update=GPU))[2:] == (
        Gauge("GPU", 0.87, "87 %"),
        Gauge("GPU memory", 0.25, "20 GB of 80 GB"),
    )


def test_a_machine_is_told_once_by_the_latest_of_its_workers() -> None:
    later = LOAD.model_copy(update={"machine_cpu_share": 1.0, **GPU})
    found = machines(
        [
            worker("a", load=LOAD),
            worker("b", queue="gpu", slots=1, load=later, seen_at=NOW + timedelta(seconds=1)),
            worker("c", host="elsewhere"),
            worker("d", host="gone", load=LOAD, alive=False),
        ]
    )
    made = (Gauge("CPU", 1.0, "100 %"), Gauge("Memory", 0.5, "8.0 GB of 16 GB"), Gauge("GPU", 0.87, "87 %"))
    assert found == (
        Machine("h", "cpu × 2, gpu × 1", made, "75 GB free on disk"),
        Machine("elsewhere", "cpu × 2", (), ""),
    )


def test_several_gpus_are_numbered() -> None:
    load = LOAD.model_copy(update=GPU)
    (machine,) = machines([worker(name, queue="gpu", load=load) for name in ("a", "b")])
    assert [gauge.name for gauge in machine.gauges] == ["CPU", "Memory", "GPU 1", "GPU 2"]


def test_a_share_above_all_of_it_fills_the_bar_and_no_more() -> None:
    # Clocks of processes and of the machine are not read at the same moment.
    assert gauges(LOAD.model_copy(update={"cpu_cores": 6.3}))[0] == Gauge("CPU", 1.0, "6.3 of 6 cores")


def test_troubles_are_told_once_for_each_machine() -> None:
    full = [worker("a", trouble="full"), worker("b", trouble="full"), worker("c", trouble="full", alive=False)]
    assert troubles([*full, worker("d", host="other")]) == ("The workers on h accept no work: full.",)


@pytest.mark.parametrize("path", ["/", "/workers"])
def test_the_pages_show_loads_and_troubles(client: httpx.Client, store: Store, path: str) -> None:
    store.register_worker("w", host="h", pid=1, queue="cpu", device="x", slots=2, versions={})
    assert "measuring" in client.get(path, headers={"Accept": "text/html"}).text
    store.worker_seen("w", [], LOAD, "the disk is full")
    text = unescape(client.get(path, headers={"Accept": "text/html"}).text)
    assert "8.0 GB of 16 GB" in text
    assert "The workers on h accept no work: the disk is full." in text


def test_a_worker_says_what_it_does(client: httpx.Client, store: Store, hand: Hand) -> None:
    run = hand.run()
    store.register_worker("hand", host="h", pid=1, queue="cpu", device="x", slots=2, versions={})
    store.worker_seen("hand", [run.id], LOAD)
    text = unmarked(unescape(client.get("/workers", headers={"Accept": "text/html"}).text))
    assert f'<a href="/runs/{run.id}">{run.name}</a><br><span class="faint">replicate 0' in text
    assert "1.5 of 6 cores" in text
    item = client.get("/api/v1/workers").json()["items"][0]
    assert item["load"]["machine_cores"] == 6
