"""What a run waits for is said where it is submitted and where it is read: form, API and page."""

import re
from html import unescape

import httpx
import pytest
from sqlalchemy import update

from app.contract.events import Progress
from app.kinds.presets import PRESETS
from app.main import create_app
from app.queue import Queue
from app.records import Queue as QueueName
from app.settings import Settings
from app.store import Store
from app.store.database import Database
from app.store.tables import shards
from app.web.form import form as forms
from app.web.submission.cost import UNCOMPARED
from tests.app.conftest import Hand, Serve

GPU = "no gpu worker is running: the run waits for one"
SPEC = PRESETS["digits-tickets"].spec
STEP_S = 0.001 * (60 + 540 / 300) / (60 + 540 / 150)
"""A step with an evaluation of 540 pictures every 100 of them, where one with one every 50 takes 1 ms."""


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
    assert "Waiting for a worker that computes identical numbers" in text
    assert "Replicate 0, on worker hand: torch was '2.13.0' and is '2.12.0' here" in text
    answer = client.get(f"/api/v1/runs/{run.id}").json()
    assert (answer["state"], answer["progress"]["note"]) == (
        "queued",
        "waits for a worker that computes identical numbers",
    )


def test_an_estimate_is_what_those_like_it_took(client: httpx.Client, store: Store) -> None:
    """Ten replicates that were told 20 % too much, by hand; and one that took half as long."""
    _work(store, "cpu")
    store.record_speed("lenet_300_100", "digits", 60, "cpu", STEP_S)
    data = forms.values(SPEC) | {"kind": "lottery"}
    text = unescape(client.post("/new/estimate", data=data).text)
    assert f"here with nothing else running, {UNCOMPARED}: 1 ms per step" in text
    database = Database(store.database_url)
    for _ in range(4):
        client.post("/api/v1/runs", json={"preset": "digits-tickets"})
    for n in range(11):
        claim = store.claim("cpu", "cpu worker")
        assert claim is not None
        store.finish(claim.shard_id, claim.token)
        with database.write() as connection:
            held = shards.c.estimated_s / (2.0 if n == 5 else 1.2)
            connection.execute(update(shards).where(shards.c.id == claim.shard_id).values(slot_s=held))
    database.dispose()
    text = unescape(client.post("/new/estimate", data=data).text)
    assert "About 85 s to 2 min here, as for 9 in 10 of the last 11 similar replicates: 1 ms per step" in text
    presets = {preset["name"]: preset for preset in client.get("/api/v1/presets").json()["items"]}
    assert presets["digits-tickets"]["cost"]["error_factor"] == pytest.approx(1.2)
    assert presets["lenet-quick"]["cost"]["error_factor"] is None


def test_an_estimate_widens_after_estimates_that_were_off(client: httpx.Client, store: Store) -> None:
    """Replicates that took from half to three times as long as estimated, by hand."""
    _work(store, "cpu")
    store.record_speed("lenet_300_100", "digits", 60, "cpu", STEP_S)
    database = Database(store.database_url)
    for _ in range(2):
        client.post("/api/v1/runs", json={"preset": "digits-tickets"})
    for ratio in (0.5, 1.0, 3.0, 2.0, 1.0):
        claim = store.claim("cpu", "cpu worker")
        assert claim is not None
        store.finish(claim.shard_id, claim.token)
        with database.write() as connection:
            held = shards.c.estimated_s * ratio
            connection.execute(update(shards).where(shards.c.id == claim.shard_id).values(slot_s=held))
    database.dispose()
    text = unescape(client.post("/new/estimate", data=forms.values(SPEC) | {"kind": "lottery"}).text)
    assert "About 51 s to 5 min here, as for the last 5 similar replicates" in text
    # The cards say the same of the same spec, and of what was never compared they give no range.
    cards = client.get("/presets", headers={"Accept": "text/html"}).text
    costs = dict(re.findall(r'href="/new\?preset=([\w-]+)">.*?class="num cost">([^<]+)<', cards, re.DOTALL))
    assert costs["digits-tickets"] == "about 51 s to 5 min here"
    assert costs["lenet-quick"] == "not timed yet"


def test_a_busy_machine_widens_an_estimate_and_does_not_move_it(client: httpx.Client, store: Store) -> None:
    """Replicates that all took eight times as long as estimated, by hand."""
    _work(store, "cpu")
    store.record_speed("lenet_300_100", "digits", 60, "cpu", STEP_S)
    database = Database(store.database_url)
    for _ in range(2):
        client.post("/api/v1/runs", json={"preset": "digits-tickets"})
    for ratio in (8.0,) * 5:
        claim = store.claim("cpu", "cpu worker")
        assert claim is not None
        store.finish(claim.shard_id, claim.token)
        with database.write() as connection:
            held = shards.c.estimated_s * ratio
            connection.execute(update(shards).where(shards.c.id == claim.shard_id).values(slot_s=held))
    database.dispose()
    cards = client.get("/presets", headers={"Accept": "text/html"}).text
    costs = dict(re.findall(r'href="/new\?preset=([\w-]+)">.*?class="num cost">([^<]+)<', cards, re.DOTALL))
    assert costs["digits-tickets"] == "about 2 to 14 min here"


def test_a_new_run_starts_behind_those_that_run_and_wait(client: httpx.Client, store: Store) -> None:
    """One slot. A replicate of 34 s is half done, two runs wait; a slice ends after 300 s."""
    data = forms.values(SPEC) | {"kind": "lottery"}

    def start() -> str:
        text = unescape(client.post("/new/estimate", data=data).text)
        found = re.search(r"Starts [^<]+", text)
        return found[0] if found else ""

    _work(store, "cpu")
    store.record_speed("lenet_300_100", "digits", 60, "cpu", STEP_S)
    assert start() == ""
    spec = SPEC.model_dump(mode="json") | {"replicates": 1}
    client.post("/api/v1/runs", json={"spec": spec})
    claim = store.claim("cpu", "cpu worker")
    assert claim is not None
    store.worker_seen("cpu worker", busy=[claim.run_id])
    assert start() == "Starts in about 34 s, behind 1 run."
    store.heartbeat(claim.shard_id, claim.token, Progress(done=17_000, total=34_000, step=17_000))
    assert start() == "Starts in about 17 s, behind 1 run."
    client.post("/api/v1/runs", json={"spec": spec | {"steps": 2_000}})
    client.post("/api/v1/runs", json={"spec": spec | {"steps": 100_000}})
    # 17 s, then a replicate of 68 s, then a slice of 300 s of one that takes an hour.
    assert start() == "Starts in about 6 min, behind 3 runs."
    client.post("/api/v1/runs", json={"spec": spec | {"model": {"kind": "conv_2"}}})
    assert start() == "Starts behind 4 runs; when is not known yet."
    store.register_worker("idle", host="h", pid=2, queue="cpu", device="cpu", slots=9, versions={})
    assert start() == ""
