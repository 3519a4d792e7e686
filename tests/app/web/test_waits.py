"""What a run waits for is said where it is submitted and where it is read: form, API and page."""

import re
from html import unescape

import httpx
import pytest
from sqlalchemy import update

from app.contract.presets import PRESETS
from app.contract.records import Queue as QueueName
from app.main import create_app
from app.queue import Queue
from app.settings import Settings
from app.store import Store
from app.store.database import Database
from app.store.tables import shards
from app.web import forms
from tests.app.conftest import Hand, Serve

GPU = "no gpu worker is running: the run waits until one comes"
SPEC = PRESETS["digits-tickets"].spec


@pytest.fixture
def client(settings: Settings, store: Store, queue: Queue, serve: Serve) -> httpx.Client:
    """A client of a server whose broker is up."""
    return serve(create_app(settings, store, queue)).client


def _work(store: Store, queue: QueueName) -> None:
    store.register_worker(f"{queue} worker", host="h", pid=1, queue=queue, device="x", slots=1, versions={})


def _submit(client: httpx.Client, device: str) -> tuple[str, str]:
    """Id and note of a new run for a device."""
    answer = client.post("/api/v1/runs", json={"spec": {**SPEC.model_dump(mode="json"), "device": device}})
    assert answer.status_code == 201, answer.text
    run = answer.json()
    assert client.get(f"/api/v1/runs/{run['id']}").json()["progress"]["note"] == run["progress"]["note"]
    return run["id"], run["progress"]["note"]


def _page(client: httpx.Client, run_id: str) -> str:
    return unescape(client.get(f"/runs/{run_id}", headers={"Accept": "text/html"}).text)


def test_a_run_for_a_gpu_is_taken_where_none_is_and_told_so(client: httpx.Client, store: Store) -> None:
    _work(store, "cpu")
    run_id, note = _submit(client, "gpu")
    assert note == GPU
    assert GPU in _page(client, run_id)
    data = forms.values(SPEC) | {"kind": "lottery", "device": "gpu"}
    assert f"Time not known: {GPU}." in unescape(client.post("/new/estimate", data=data).text)
    assert "waits for a gpu worker" in client.get("/", headers={"Accept": "text/html"}).text


def test_with_a_worker_for_it_a_run_waits_for_a_free_one_only(client: httpx.Client, store: Store) -> None:
    _work(store, "gpu")
    run_id, note = _submit(client, "gpu")
    assert note == ""
    assert "starts when a worker is free" in _page(client, run_id)
    assert "no cpu worker is running" in _submit(client, "cpu")[1]


def test_without_any_worker_the_way_to_start_one_is_told(client: httpx.Client) -> None:
    run_id, note = _submit(client, "any")
    assert note == "no worker is running: start one with “ticketscope worker”"
    assert note in _page(client, run_id)


def test_a_device_that_does_not_exist_is_refused_by_name(client: httpx.Client, store: Store) -> None:
    answer = client.post("/api/v1/runs", json={"spec": {**SPEC.model_dump(mode="json"), "device": "tpu"}})
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["path"]) == (422, "device")
    assert re.search("'any', 'cpu' or 'gpu'", error["message"])
    assert store.runs().items == ()


def test_a_run_that_a_worker_cannot_go_on_with_says_what_differs(
    client: httpx.Client, store: Store, hand: Hand
) -> None:
    _work(store, "cpu")
    run = hand.run(replicates=1)
    store.refuse(hand.claim.shard_id, hand.claim.token, "torch was '2.13.0' and is '2.12.0' here")
    text = _page(client, run.id)
    assert "Waits for a worker that gives the same numbers" in text
    assert "Replicate 0, on worker hand: torch was '2.13.0' and is '2.12.0' here" in text
    answer = client.get(f"/api/v1/runs/{run.id}").json()
    assert (answer["state"], answer["progress"]["note"]) == ("queued", "waits for a worker that gives the same numbers")


def test_an_estimate_says_how_far_off_those_like_it_were(client: httpx.Client, store: Store) -> None:
    """Ten replicates that were told 20 % too much, by hand; and one that took half as long."""
    _work(store, "cpu")
    store.record_speed("lenet_300_100", "digits", 60, "cpu", 0.001)
    data = forms.values(SPEC) | {"kind": "lottery"}
    text = unescape(client.post("/new/estimate", data=data).text)
    assert "here with nothing else running: 1 ms a step" in text
    database = Database(store.database_url)
    for _ in range(4):
        client.post("/api/v1/runs", json={"preset": "digits-tickets"})
    for n in range(11):
        claim = store.claim("cpu", "cpu worker")
        assert claim is not None
        store.finish(claim.shard_id, claim.token)
        with database.write() as connection:
            held = shards.c.told_s / (2.0 if n == 5 else 1.2)
            connection.execute(update(shards).where(shards.c.id == claim.shard_id).values(held_s=held))
    database.dispose()
    told = "(9 in 10 of the last 11 estimates like it were within a factor 1.2)"
    assert f"here with nothing else running {told}: 1 ms a step" in unescape(
        client.post("/new/estimate", data=data).text
    )
    presets = {preset["name"]: preset for preset in client.get("/api/v1/presets").json()["items"]}
    assert presets["digits-tickets"]["cost"]["error_factor"] == pytest.approx(1.2)
    assert presets["lenet-quick"]["cost"]["error_factor"] is None
