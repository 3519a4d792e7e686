"""Runs over the API: everything that can be done to one."""

import time

import httpx
import pytest

from app.kinds.presets import PRESETS
from app.main import create_app
from app.queue import Queue
from app.settings import Settings
from app.store import Store
from app.web.submission.submit import BROKER_DOWN
from tests.app.conftest import Hand, Serve
from tests.silent import Silent

RUNS = "/api/v1/runs"


def test_a_preset_is_submitted_by_name(client: httpx.Client) -> None:
    answer = client.post(RUNS, json={"preset": "digits-tickets", "tags": ["paper"]})
    run = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"{RUNS}/{run['id']}"
    assert (run["name"], run["kind"], run["state"]) == (PRESETS["digits-tickets"].title, "lottery", "queued")
    assert run["tags"] == ["paper"]
    assert client.get(answer.headers["location"]).json()["spec"] == run["spec"]
    for field in ("progress", "created_at", "started_at", "finished_at", "error", "provenance"):
        assert field in run
    assert set(run["progress"]) >= {"done", "total", "eta_s"}


def test_a_spec_is_submitted_and_named_after_what_it_is(client: httpx.Client) -> None:
    spec = PRESETS["digits-tickets"].spec.model_dump(mode="json")
    assert client.post(RUNS, json={"spec": spec}).json()["name"] == "Lottery tickets: lenet_300_100 on digits"


def test_spec_and_preset_together_or_neither_are_refused(client: httpx.Client) -> None:
    spec = PRESETS["digits-tickets"].spec.model_dump(mode="json")
    for body in ({}, {"spec": spec, "preset": "digits-tickets"}):
        answer = client.post(RUNS, json=body)
        assert [error["path"] for error in answer.json()["errors"]] == ["spec"]


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "🎟️ ticket — 彩票", "'; DROP TABLE runs; --", "a" * 200])
def test_a_name_is_kept_as_it_is(client: httpx.Client, name: str) -> None:
    run = client.post(RUNS, json={"preset": "digits-tickets", "name": name}).json()
    assert run["name"] == name
    page = client.get(f"/runs/{run['id']}", headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert "<script>alert" not in page.text


def test_a_name_of_ten_thousand_characters_is_refused(client: httpx.Client) -> None:
    answer = client.post(RUNS, json={"preset": "digits-tickets", "name": "x" * 10_000})
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, "name")


def test_a_run_is_stored_at_once_while_the_broker_is_down(client: httpx.Client, store: Store) -> None:
    began = time.monotonic()
    answer = client.post(RUNS, json={"preset": "digits-tickets"})
    assert time.monotonic() - began < 2
    assert (answer.status_code, answer.json()["progress"]["note"]) == (201, BROKER_DOWN)
    assert store.run(answer.json()["id"]).state == "queued"


def test_a_run_is_stored_within_a_second_while_the_broker_hangs(
    settings: Settings, store: Store, silent: Silent, serve: Serve
) -> None:
    queue = Queue(silent.url)
    client = serve(create_app(settings, store, queue)).client
    client.get("/healthz")
    for _ in range(3):
        began = time.monotonic()
        answer = client.post(RUNS, json={"preset": "digits-tickets"})
        assert time.monotonic() - began < 1
        assert (answer.status_code, answer.json()["progress"]["note"]) == (201, BROKER_DOWN)
    queue.close()


def test_a_run_is_announced_while_the_broker_is_up(
    settings: Settings, store: Store, queue: Queue, serve: Serve
) -> None:
    store.register_worker("w", host="h", pid=1, queue="cpu", device="cpu", slots=1, versions={})
    run = serve(create_app(settings, store, queue)).client.post(RUNS, json={"preset": "digits-tickets"}).json()
    assert run["progress"]["note"] == ""
    assert queue._redis.llen("cpu") >= 1


def test_runs_are_listed_found_and_paged(client: httpx.Client, hand: Hand) -> None:
    for name in ("one", "two", "three"):
        client.post(RUNS, json={"preset": "digits-tickets", "name": name, "tags": [name]})
    hand.run(start=False)
    first = client.get(RUNS, params={"limit": 3}).json()
    assert [run["name"] for run in first["items"]] == ["by hand", "three", "two"]
    rest = client.get(RUNS, params={"limit": 3, "cursor": first["next"]}).json()
    assert ([run["name"] for run in rest["items"]], rest["next"]) == (["one"], None)
    assert [run["name"] for run in client.get(RUNS, params={"q": "three"}).json()["items"]] == ["three"]
    assert [run["name"] for run in client.get(RUNS, params={"tag": "two"}).json()["items"]] == ["two"]
    assert client.get(RUNS, params={"state": "failed"}).json()["items"] == []
    assert client.get(RUNS, params={"sort": "name"}).json()["items"][0]["name"] == "by hand"


def test_a_filter_left_empty_by_a_form_filters_nothing(client: httpx.Client, hand: Hand) -> None:
    hand.run(start=False)
    answer = client.get(f"{RUNS}?q=&kind=&state=&tag=&cursor=")
    assert len(answer.json()["items"]) == 1


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("state=sleeping", "state"),
        ("limit=0", "limit"),
        ("limit=x", "limit"),
        ("sort=age", "sort"),
        ("cursor=nonsense", "cursor"),
    ],
)
def test_a_filter_that_means_nothing_is_refused(client: httpx.Client, query: str, field: str) -> None:
    answer = client.get(f"{RUNS}?{query}")
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, field)


def test_a_run_is_renamed_tagged_and_annotated(client: httpx.Client, hand: Hand) -> None:
    run_id = hand.run(start=False).id
    changed = client.patch(f"{RUNS}/{run_id}", json={"name": "new", "notes": "line\nline"}).json()
    assert (changed["name"], changed["notes"], changed["tags"]) == ("new", "line\nline", [])
    assert client.patch(f"{RUNS}/{run_id}", json={"tags": ["a", "b"]}).json()["name"] == "new"
    assert client.patch(f"{RUNS}/{run_id}", json={"state": "finished"}).status_code == 422
    assert client.patch(f"{RUNS}/{run_id}", json={"name": "  "}).json()["errors"][0]["path"] == "name"


def test_a_run_goes_to_the_bin_and_back_or_for_good(client: httpx.Client, hand: Hand) -> None:
    run_id = hand.run(start=False).id
    assert client.delete(f"{RUNS}/{run_id}", params={"purge": True}).status_code == 409
    binned = client.delete(f"{RUNS}/{run_id}").json()
    assert (binned["state"], binned["deleted_at"] is None) == ("cancelled", False)
    assert client.get(RUNS).json()["items"] == []
    assert len(client.get(RUNS, params={"binned": True}).json()["items"]) == 1
    assert client.post(f"{RUNS}/{run_id}/restore").json()["deleted_at"] is None
    client.delete(f"{RUNS}/{run_id}")
    assert client.delete(f"{RUNS}/{run_id}", params={"purge": True}).status_code == 204
    assert client.get(f"{RUNS}/{run_id}").status_code == 404


def test_the_bin_is_emptied(client: httpx.Client, hand: Hand) -> None:
    for _ in range(2):
        client.delete(f"{RUNS}/{hand.run(start=False).id}")
    assert client.delete("/api/v1/bin").json() == {"purged": 2}


def test_a_run_is_cancelled_and_resumed(client: httpx.Client, hand: Hand) -> None:
    run_id = hand.run(start=False).id
    assert client.post(f"{RUNS}/{run_id}/resume").status_code == 409
    assert client.post(f"{RUNS}/{run_id}/cancel").json()["state"] == "cancelled"
    resumed = client.post(f"{RUNS}/{run_id}/resume").json()
    assert (resumed["state"], resumed["progress"]["note"]) == ("queued", BROKER_DOWN)


def test_a_clone_is_a_new_run_of_the_same_spec(client: httpx.Client, hand: Hand) -> None:
    run = hand.run(start=False)
    answer = client.post(f"{RUNS}/{run.id}/clone")
    copy = answer.json()
    assert (answer.status_code, copy["name"], copy["state"]) == (201, "by hand (copy)", "queued")
    assert copy["id"] != run.id
    assert copy["spec"] == run.spec.model_dump(mode="json")


def test_a_run_is_extended_by_more_of_the_same_only(client: httpx.Client, hand: Hand) -> None:
    run = hand.run(start=False)
    spec = run.spec.model_dump(mode="json")
    grown = client.post(f"{RUNS}/{run.id}/extend", json={"spec": {**spec, "replicates": 2, "levels": 3}}).json()
    assert (grown["spec"]["replicates"], grown["spec"]["levels"]) == (2, 3)
    for field, value in (("steps", 500), ("levels", 1)):
        answer = client.post(f"{RUNS}/{run.id}/extend", json={"spec": {**grown["spec"], field: value}})
        assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, field)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/cancel"), ("POST", "/resume"), ("POST", "/clone"),
        ("POST", "/again"), ("GET", "/repetition?to=0000000001"),
        ("POST", "/restore"), ("GET", "/events"), ("GET", "/series?name=outcome"), ("GET", "/artifacts"),
        ("GET", "/figures/accuracy_vs_density"), ("GET", "/tickets/0/0"),
    ],
)  # fmt: skip
def test_an_unknown_run_is_not_found(client: httpx.Client, method: str, path: str) -> None:
    answer = client.request(method, f"{RUNS}/0000000000{path}", json={} if method == "PATCH" else None)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
