import httpx
import pytest

from app.kinds.presets import PRESETS
from app.kinds.registry import FIGURES
from app.kinds.specs import EXPERIMENTS
from app.methods.catalog import CATALOG
from app.store import Store


def test_the_catalog_is_the_registry(client: httpx.Client) -> None:
    catalog = client.get("/api/v1/catalog").json()
    assert {room: [e["name"] for e in entries] for room, entries in catalog["rooms"].items()} == {
        room: list(entries) for room, entries in CATALOG.items()
    }
    assert [e["name"] for e in catalog["experiments"]] == list(EXPERIMENTS)
    assert [e["name"] for e in catalog["figures"]] == list(FIGURES)
    lr = catalog["rooms"]["optimizer"][0]["params"]["properties"]["lr"]
    assert (lr["exclusiveMinimum"], lr["maximum"], lr["unit"]) == (0, 100, "per step")


def test_presets_can_be_posted_back_and_say_what_is_known_of_their_cost(client: httpx.Client, store: Store) -> None:
    items = client.get("/api/v1/presets").json()["items"]
    assert [item["name"] for item in items] == list(PRESETS)
    assert all(item["cost"]["seconds"] is None and item["cost"]["basis"] for item in items)
    assert client.post("/api/v1/runs", json={"spec": items[0]["spec"]}).status_code == 201

    store.record_speed("lenet_300_100", "digits", 60, "cpu", 0.001)
    store.register_worker("w", host="h", pid=1, queue="cpu", device="cpu", slots=3, versions={})
    cost = client.get("/api/v1/presets").json()["items"][0]["cost"]
    assert cost["trainings"] == PRESETS["digits-tickets"].spec.work[0] == 3 * 34
    # Evaluated every 50 steps, where speeds are of every 100: 540 pictures, each for a third of the time.
    assert cost["seconds"] == pytest.approx(34 * 63.6 / 61.8)


def test_workers_and_queue_are_those_of_the_store(client: httpx.Client, store: Store) -> None:
    assert client.get("/api/v1/workers").json() == {"items": [], "next": None}
    store.register_worker("w", host="h", pid=1, queue="cpu", device="cpu", slots=2, versions={"torch": "2.13.0"})
    client.post("/api/v1/runs", json={"preset": "digits-tickets"})
    (worker,) = client.get("/api/v1/workers").json()["items"]
    assert (worker["id"], worker["alive"], worker["slots"]) == ("w", True, 2)
    queue = client.get("/api/v1/queue").json()
    lengths = {name: queue[name] for name in ("any", "cpu", "gpu")}
    assert lengths == store.queue_length()
    assert sum(lengths.values()) >= 3
