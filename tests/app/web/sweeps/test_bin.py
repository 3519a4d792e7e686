"""A sweep is renamed and deleted on its page and over the API, each with a way back."""

import httpx
import pytest

from app.store import Store
from tests.app.reading import unmarked
from tests.app.web.sound import HTML
from tests.app.web.sweeps.test_page import BASE, page, sent


@pytest.fixture
def sweep(client: httpx.Client) -> str:
    body = {"spec": BASE, "axes": {"seed": {"values": [1, 2]}}, "name": "Which seed?", "tags": ["old"]}
    sweep: str = client.post("/api/v1/sweeps", json=body).json()["id"]
    return sweep


def test_its_page_renames_it_and_says_what_it_refuses(client: httpx.Client, store: Store, sweep: str) -> None:
    address = f"/sweeps/{sweep}"
    assert 'name="name" value="Which seed?"' in page(client, address)
    assert sent(client, f"{address}/edit", {"name": "Which?", "tags": "a, b", "notes": "why"}).status_code == 303
    assert "<h1>Which?</h1>" in page(client, address)
    assert (store.sweep(sweep).tags, store.sweep(sweep).notes) == (("a", "b"), "why")
    refused = sent(client, f"{address}/edit", {"name": "x" * 201, "tags": "", "notes": "kept"})
    assert refused.status_code == 422
    assert '<p class="error">Name has 201 characters; at most 200 are allowed</p>' in unmarked(refused.text)
    assert "kept</textarea>" in refused.text
    assert store.sweep(sweep).name == "Which?"


@pytest.mark.parametrize(("with_runs", "said"), [("", "“Which seed?” is in the bin."), ("1", "and its 2 runs are in")])
def test_it_goes_to_the_bin_and_comes_back(
    client: httpx.Client, store: Store, sweep: str, with_runs: str, said: str
) -> None:
    address = f"/sweeps/{sweep}"
    text = page(client, address)
    assert "Its 2 runs stay and go on" in text
    assert "With its 2 runs" in text
    gone = sent(client, f"{address}/bin", {"with_runs": with_runs})
    assert gone.status_code == 303
    shown = page(client, gone.headers["location"])
    assert said in shown
    assert f'action="{address}/restore"' in shown
    assert "There are no sweeps yet." in shown
    assert "This sweep is in the" in page(client, address)
    in_bin = page(client, "/bin")
    assert f'href="{address}">Which seed?' in in_bin
    assert ("2 runs with all measurements and tickets and 1 sweep will be gone" in in_bin) == (with_runs == "1")
    assert "1 sweep will be gone for good" in in_bin
    assert sent(client, f"{address}/restore", {}).status_code == 303
    assert store.sweep(sweep).deleted_at is None
    assert all(run.deleted_at is None for run in store.runs().items)
    assert len(store.runs().items) == 2
    assert "This sweep is in the" not in page(client, address)


def test_it_is_purged_from_the_bin_alone(client: httpx.Client, store: Store, sweep: str) -> None:
    assert sent(client, f"/sweeps/{sweep}/purge", {}).status_code == 409
    sent(client, f"/sweeps/{sweep}/bin", {})
    assert sent(client, f"/sweeps/{sweep}/purge", {}).status_code == 303
    assert client.get(f"/sweeps/{sweep}", headers=HTML).status_code == 404
    assert [run.sweep for run in store.runs().items] == [None, None]
    assert "The bin is empty" in page(client, "/bin")
    told = page(client, f"/sweeps?binned={sweep}")
    assert "There is no sweep" in told
    assert "is in the bin" not in told
    assert client.get("/api/v1/sweeps", params={"cursor": sweep}).json()["errors"][0]["path"] == "cursor"


def test_the_api_does_the_same(client: httpx.Client, store: Store, sweep: str) -> None:
    address = f"/api/v1/sweeps/{sweep}"
    changed = client.patch(address, json={"name": "new", "tags": ["x"]}).json()
    assert (changed["name"], changed["tags"]) == ("new", ["x"])
    assert client.patch(address, json={"name": 3}).json()["errors"][0]["path"] == "name"
    assert client.delete(address, params={"purge": True}).status_code == 409
    assert client.delete(address, params={"with_runs": True}).json()["deleted_at"]
    assert store.runs().items == ()
    assert client.get("/api/v1/sweeps").json()["items"] == []
    assert [each["id"] for each in client.get("/api/v1/sweeps", params={"binned": True}).json()["items"]] == [sweep]
    assert client.post(f"{address}/cancel").status_code == 409
    assert client.post(f"{address}/restore").json()["deleted_at"] is None
    assert len(store.runs().items) == 2
    assert client.delete(address).json()["deleted_at"]
    assert client.delete(address, params={"purge": True}).status_code == 204
    assert client.get(address).status_code == 404
