"""The queue page, and the same over the API."""

import re

import httpx

from app.kinds.presets import PRESETS
from app.records import Priority
from app.store import Store

SPEC = PRESETS["digits-tickets"].spec.model_copy(update={"replicates": 1})


def submit(store: Store, name: str, priority: Priority = "normal") -> str:
    return store.create_run(SPEC, name=name, priority=priority).id


def worker(store: Store) -> None:
    store.register_worker("w", host="h", pid=1, queue="cpu", device="cpu", slots=1, versions={})


def test_it_shows_what_runs_and_what_waits_in_order(client: httpx.Client, store: Store) -> None:
    worker(store)
    running = submit(store, "running")
    assert store.claim("cpu", "w") is not None
    low, high = submit(store, "low", "low"), submit(store, "high", "high")
    answer = client.get("/api/v1/queue").json()
    assert [run["run"] for run in answer["running"]] == [running]
    assert answer["running"][0]["workers"] == ["w"]
    assert [(run["run"], run["position"], run["priority"]) for run in answer["waiting"]] == [
        (high, 1, "high"), (low, 2, "low"),
    ]  # fmt: skip
    assert answer["waiting_runs"] == 2
    assert {run["why"] for run in answer["waiting"]} == {"it is not known when what runs will end"}
    page = client.get("/queue").text
    assert re.findall(r'id="(?:run|waits)-(\w+)"', page) == [running, high, low]
    assert "unknown: it is not known when what runs will end" in page


def test_it_expects_starts_by_measured_speeds(client: httpx.Client, store: Store) -> None:
    worker(store)
    store.record_speed("lenet_300_100", "digits", 60, "cpu", 0.001)
    for name in ("first", "second"):
        submit(store, name)
    first, second = client.get("/api/v1/queue").json()["waiting"]
    assert (first["starts_in_s"], first["starts_at_latest_s"]) == (0, 0)
    assert 0 < second["starts_in_s"] <= second["starts_at_latest_s"]
    assert "in a few seconds" in client.get("/queue").text


def test_a_priority_is_changed_where_it_is_shown(client: httpx.Client, store: Store) -> None:
    first, second = submit(store, "first"), submit(store, "second")
    assert client.post(f"/runs/{second}/priority", data={"priority": "high"}).status_code == 303
    assert [run["run"] for run in client.get("/api/v1/queue").json()["waiting"]] == [second, first]
    assert client.post(f"/runs/{second}/priority", data={"priority": "urgent"}).status_code == 422
    store.cancel_run(second)
    assert client.post(f"/runs/{second}/priority", data={"priority": "low"}).status_code == 409


def test_runs_in_the_bin_do_not_wait(client: httpx.Client, store: Store) -> None:
    store.bin_run(submit(store, "binned"))
    assert client.get("/api/v1/queue").json()["waiting"] == []


def test_an_empty_queue_leads_to_a_new_run(client: httpx.Client, store: Store) -> None:
    page = client.get("/queue").text
    assert "Nothing waits and nothing runs" in page
    assert "when a worker is there" in page
    worker(store)
    assert "starts at once" in client.get("/queue").text
