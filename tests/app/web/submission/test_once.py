"""A double click and a request that is sent again make one run, or one sweep."""

import re

import httpx
import pytest

from app.kinds.presets import PRESETS
from app.store import Store
from app.web.form import form as forms
from tests.app.web.sound import HTML

SPEC = PRESETS["digits-tickets"].spec.model_copy(update={"replicates": 1, "levels": 1})
BODY = {"spec": SPEC.model_dump(mode="json")}
AXES = {"seed": {"values": [1, 2, 3]}}


def hidden(page: str) -> str:
    found = re.search(r'name="submission" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def form(client: httpx.Client, **fields: str) -> dict[str, str]:
    """Return the form as it is on a page that was just loaded."""
    token = hidden(client.get("/new?kind=lottery", headers=HTML).text)
    return {"kind": "lottery", "submission": token, **forms.values(SPEC), **fields}


def sent(client: httpx.Client, data: dict[str, str], path: str = "/new") -> str:
    answer = client.post(path, data=data, headers=HTML, follow_redirects=False)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


@pytest.mark.parametrize(("seed", "runs"), [("1", 1), ("1..3", 3)])
def test_a_form_that_is_sent_twice_makes_one_run_or_one_sweep(
    client: httpx.Client, store: Store, seed: str, runs: int
) -> None:
    data = form(client, seed=seed)
    address = sent(client, data)
    assert sent(client, data) == address
    assert sum(store.count_runs().values()) == runs
    assert sent(client, form(client, seed=seed)) != address  # the page was loaded anew
    assert sent(client, {**data, "name": "changed after Back"}) != address
    assert sum(store.count_runs().values()) == 3 * runs


def test_a_form_that_was_refused_keeps_its_key_once_mended(client: httpx.Client, store: Store) -> None:
    data = form(client, seed="x")
    refused = client.post("/new", data=data, headers=HTML)
    assert refused.status_code == 422
    mended = {**data, "seed": "1", "submission": hidden(refused.text)}
    assert sent(client, mended) == sent(client, mended)
    assert store.count_runs() == {"queued": 1}


def test_run_again_pressed_twice_makes_one_run(client: httpx.Client, store: Store) -> None:
    run = store.create_run(SPEC, name="first").id
    page = hidden(client.get(f"/runs/{run}", headers=HTML).text)
    address = sent(client, {"submission": page}, f"/runs/{run}/again")
    assert sent(client, {"submission": page}, f"/runs/{run}/again") == address
    later = hidden(client.get(f"/runs/{run}", headers=HTML).text)
    assert sent(client, {"submission": later}, f"/runs/{run}/again") != address


@pytest.mark.parametrize("page", ["/", "/presets", "/hardware"])
def test_the_button_of_a_preset_pressed_twice_makes_one_run(client: httpx.Client, store: Store, page: str) -> None:
    text = client.get(page, headers=HTML).text
    path, key = re.findall(
        r'action="(/presets/[^"]+/run)"><input type="hidden" name="submission" value="([^"]+)"', text
    )[0]
    address = sent(client, {"submission": key}, path)
    assert sent(client, {"submission": key}, path) == address
    assert store.count_runs() == {"queued": 1}
    later = hidden(client.get(page if page != "/" else "/presets", headers=HTML).text)
    assert sent(client, {"submission": later}, path) != address


@pytest.mark.parametrize(("path", "body", "runs"), [("runs", BODY, 1), ("sweeps", {**BODY, "axes": AXES}, 3)])
def test_a_request_with_a_key_is_stored_once(
    client: httpx.Client, store: Store, path: str, body: dict[str, object], runs: int
) -> None:
    key = {"Idempotency-Key": "monday"}
    first = client.post(f"/api/v1/{path}", json=body, headers=key)
    again = client.post(f"/api/v1/{path}", json=body, headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["id"] == again.json()["id"]
    assert first.headers["location"] == again.headers["location"]
    assert sum(store.count_runs().values()) == runs
    other = client.post(f"/api/v1/{path}", json={**body, "name": "other"}, headers=key)
    assert other.status_code == 422
    assert other.json()["errors"][0]["path"] == "Idempotency-Key"
    assert "another body" in other.json()["errors"][0]["message"]
    assert client.post(f"/api/v1/{path}", json=body).json()["id"] != first.json()["id"]
    assert client.post(f"/api/v1/{path}", json=body, headers={"Idempotency-Key": "x" * 201}).status_code == 422


@pytest.mark.parametrize("action", ["clone", "again"])
def test_a_copy_that_is_asked_for_twice_with_a_key_is_one_run(client: httpx.Client, store: Store, action: str) -> None:
    first, second = (store.create_run(SPEC, name=name).id for name in ("first", "second"))
    key = {"Idempotency-Key": "monday"}
    copy = client.post(f"/api/v1/runs/{first}/{action}", headers=key)
    store.update_run(first, name="renamed")  # the same request, though its copy would have another name now
    repeated = client.post(f"/api/v1/runs/{first}/{action}", headers=key)
    assert (copy.status_code, repeated.status_code) == (201, 201)
    assert copy.headers["location"] == repeated.headers["location"]
    assert sum(store.count_runs().values()) == 3
    others = [
        client.post(f"/api/v1/runs/{second}/{action}", headers=key),
        client.post(f"/api/v1/runs/{first}/{action}"),
    ]
    assert len({copy.json()["id"], *(other.json()["id"] for other in others)}) == 3
