import time

import httpx

from app.kinds.presets import PRESETS
from app.main import create_app
from app.queue import Queue
from app.records import WorkerLoad
from app.settings import Settings
from app.store import Store
from tests.app.conftest import Serve, Web
from tests.silent import Silent


def test_a_process_that_answers_lives(client: httpx.Client) -> None:
    assert client.get("/healthz").text == "ok\n"


def test_a_broker_that_is_down_is_said_but_stops_no_page(client: httpx.Client) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert answer.json()["parts"]["store"] == "ok"
    assert answer.json()["parts"]["broker"].startswith("does not answer")


def test_a_broker_that_hangs_is_said_within_a_second(
    settings: Settings, store: Store, silent: Silent, serve: Serve
) -> None:
    queue = Queue(silent.url)
    client = serve(create_app(settings, store, queue)).client
    client.get("/healthz")
    began = time.monotonic()
    answer = client.get("/readyz")
    assert time.monotonic() - began < 1
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert answer.json()["parts"]["broker"].startswith("does not answer")
    queue.close()


def test_ready_with_store_and_broker(settings: Settings, store: Store, queue: Queue, serve: Serve) -> None:
    answer = serve(create_app(settings, store, queue)).client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready", "parts": {"store": "ok", "broker": "ok"}})


def test_a_store_without_its_schema_is_not_ready(settings: Settings, no_broker: Queue, serve: Serve) -> None:
    empty = Store(settings.resolved_database_url, settings.resolved_artifacts_url)
    answer = serve(create_app(settings, empty, no_broker)).client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (503, "not ready")
    assert "ticketscope migrate" in answer.json()["parts"]["store"]
    empty.close()


def test_metrics_count_what_there_is(web: Web, store: Store) -> None:
    run = web.client.post("/api/v1/runs", json={"preset": "digits-tickets"}).json()
    for _ in range(3):
        web.client.get(f"/api/v1/runs/{run['id']}")
    web.client.get("/nowhere")
    store.bin_run(store.create_run(PRESETS["digits-tickets"].spec, name="binned").id)
    store.register_worker("w", host="h", pid=1, queue="cpu", device="cpu", slots=2, versions={})
    with web.client.stream("GET", "/live") as live:
        lines_of_live = live.iter_lines()
        next(lines_of_live)
        answer = web.client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    lines = dict(line.rsplit(" ", 1) for line in answer.text.splitlines() if not line.startswith("#"))
    assert lines['ticketscope_runs{state="queued"}'] == "1.0"
    assert lines['ticketscope_runs{state="failed"}'] == "0.0"
    assert lines["ticketscope_workers_alive"] == "1.0"
    assert lines["ticketscope_live_viewers"] == "1.0"
    assert any(name.startswith("ticketscope_queued_replicates") and float(n) >= 3 for name, n in lines.items())
    seconds = 'ticketscope_http_request_seconds_count{method="GET",route="%s",status="%s"}'
    assert lines[seconds % ("/api/v1/runs/{run_id}", 200)] == "3.0"
    assert lines[seconds % ("none", 404)] == "1.0"
    assert run["id"] not in answer.text


def test_metrics_tell_the_loads_of_living_workers(web: Web, store: Store) -> None:
    store.register_worker("w", host="h", pid=1, queue="gpu", device="a GPU", slots=1, versions={})
    store.register_worker("new", host="h", pid=2, queue="cpu", device="cpu", slots=1, versions={})
    load = WorkerLoad(
        cpu_cores=1.5,
        memory_bytes=3_000_000,
        machine_cpu_share=0.25,
        machine_cores=8,
        machine_memory_bytes=5,
        machine_memory_total_bytes=10,
        disk_free_bytes=7,
        gpu_share=0.5,
    )
    store.worker_seen("w", [], load)
    lines = web.client.get("/metrics").text.splitlines()
    told = [line for line in lines if line.startswith("ticketscope_worker_")]
    labels = '{host="h",queue="gpu",worker="w"}'
    assert f"ticketscope_worker_cpu_cores{labels} 1.5" in told
    assert f"ticketscope_worker_memory_bytes{labels} 3e+06" in told
    assert f"ticketscope_worker_gpu_share{labels} 0.5" in told
    assert not any(line.startswith("ticketscope_worker_gpu_memory_bytes") for line in told)
    assert not any("new" in line for line in told)
