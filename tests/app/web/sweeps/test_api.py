"""Sweeps over the API: submitted whole or not at all, read, cancelled, resumed, extended."""

from typing import Any

import httpx
import pytest

from app.kinds.presets import PRESETS
from app.store import Store
from app.sweeps.axes import MOST

BASE = {**PRESETS["digits-tickets"].spec.model_dump(mode="json"), "replicates": 1, "levels": 1}
LR = {"optimizer.lr": {"values": [0.1, 0.3]}}


def submit(client: httpx.Client, axes: dict[str, Any], **more: Any) -> httpx.Response:
    return client.post("/api/v1/sweeps", json={"spec": BASE, "axes": axes, **more})


def errors(answer: httpx.Response) -> dict[str, str]:
    assert answer.status_code == 422, answer.text
    return {each["path"]: each["message"] for each in answer.json()["errors"]}


def runs_of(client: httpx.Client, sweep: str) -> list[Any]:
    items: list[Any] = client.get("/api/v1/runs", params={"q": f"sweep:{sweep}", "sort": "created_at"}).json()["items"]
    return items


def test_a_grid_is_every_combination_and_its_members_are_ordinary_runs(client: httpx.Client) -> None:
    axes = {**LR, "seed": {"range": {"low": 1, "high": 3}}}
    answer = submit(client, axes, name="rates", tags=["mine"])
    assert answer.status_code == 201, answer.text
    sweep = answer.json()
    assert answer.headers["Location"] == f"/api/v1/sweeps/{sweep['id']}"
    assert (sweep["state"], sweep["counts"], sweep["is_open"], sweep["note"]) == ("running", {"queued": 6}, False, "")
    runs = runs_of(client, sweep["id"])
    found = [(run["spec"]["optimizer"]["lr"], run["spec"]["seed"]) for run in runs]
    assert found == [(lr, seed) for lr in (0.1, 0.3) for seed in (1, 2, 3)]
    assert {run["sweep"] for run in runs} == {sweep["id"]}
    assert runs[0]["name"] == "rates: lr 0.1, seed 1"
    assert runs[0]["tags"] == ["mine"]
    # The same spec as if it had been submitted alone.
    alone = client.post(
        "/api/v1/runs", json={"spec": {**BASE, "seed": 1, "optimizer": {**BASE["optimizer"], "lr": 0.1}}}
    )
    assert alone.json()["spec"] == runs[0]["spec"]
    assert alone.json()["sweep"] is None
    members = client.get(f"/api/v1/sweeps/{sweep['id']}/members").json()["items"]
    assert [member["values"] for member in members][:2] == [
        {"optimizer.lr": 0.1, "seed": 1}, {"optimizer.lr": 0.1, "seed": 2},
    ]  # fmt: skip
    assert [member["run"] for member in members] == [run["id"] for run in runs]
    assert client.get(f"/api/v1/sweeps/{sweep['id']}").json() == sweep
    assert client.get("/api/v1/sweeps").json() == {"items": [sweep], "next": None}


def test_a_member_may_be_purged_and_the_sweep_remembers_it(client: httpx.Client) -> None:
    sweep = submit(client, LR).json()["id"]
    first = runs_of(client, sweep)[0]["id"]
    client.delete(f"/api/v1/runs/{first}")
    assert client.delete(f"/api/v1/runs/{first}", params={"purge": True}).status_code == 204
    member = client.get(f"/api/v1/sweeps/{sweep}/members").json()["items"][0]
    assert (member["run"], member["values"]) == (None, {"optimizer.lr": 0.1})
    assert client.get(f"/api/v1/sweeps/{sweep}").json()["counts"] == {"gone": 1, "queued": 1}


@pytest.mark.parametrize(
    ("axes", "path", "message"),
    [
        ({}, "axes", "is empty"),
        ({"seed": {"range": {"low": 0, "high": 999_999}}}, "axes", f"1,000,000 runs; a sweep has at most {MOST:,}"),
        ({"seed": {"values": []}}, "axes.seed.values", "is empty"),
        ({"seed": {"values": [1, 1]}}, "axes.seed.values", "has 1 twice"),
        ({"lr": {"values": [0.1]}}, "axes.lr", "not a field of this spec; did you mean optimizer.lr"),
        ({"nothing.like.this": {"values": [1]}}, "axes.nothing.like.this", "is not a field of this spec"),
        ({"optimizer.sgd.lr": {"values": [0.1]}}, "axes.optimizer.sgd.lr", "does not apply: optimizer is adam"),
        ({"kind": {"values": ["erasure"]}}, "axes.kind", "same kind"),
        ({"optimizer.lr": {"values": [0.1, "fast"]}}, "axes.optimizer.lr", "fast: must be a number"),
        ({"optimizer.lr": {"values": [0.1, 500]}}, "axes.optimizer.lr", "500: must be at most 100"),
        ({"steps": {"values": [10, 2.5]}}, "axes.steps", "2.5: must be a whole number"),
        ({"steps": {"values": [True]}}, "axes.steps", "true: must not be true or false"),
        ({"steps": {"values": [10]}}, "eval_every", "must not exceed steps, 10 (with steps = 10)"),
        ({**LR, "optimizer.adam.lr": {"values": [1]}}, "axes.optimizer.adam.lr", "is the same field as optimizer.lr"),
        ({"optimizer.lr": {"range": {"low": 0, "high": 1}}}, "axes.optimizer.lr", "give a step, as in 0..1 step 0.25"),
        ({"optimizer.lr": {"range": {"low": 1, "high": 0}}}, "axes.optimizer.lr.range.high", "must be above 1"),
        ({"optimizer.lr": {"log_range": {"low": 0, "high": 1}}}, "axes.optimizer.lr.log_range.low", "above 0"),
        ({"optimizer.lr": {}}, "axes.optimizer.lr", "needs exactly one of values, range and log_range"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_sweep_is_refused_in_words(
    client: httpx.Client, axes: dict[str, Any], path: str, message: str
) -> None:
    found = errors(submit(client, axes))
    assert path in found
    assert message in found[path]
    assert client.get("/api/v1/runs").json()["items"] == []
    assert client.get("/api/v1/sweeps").json()["items"] == []


def test_one_bad_member_stores_none(client: httpx.Client, store: Store) -> None:
    found = errors(submit(client, {"optimizer.lr": {"values": [0.1, -1]}, "seed": {"values": [1, 2]}}))
    assert found == {"axes.optimizer.lr": "-1: must be above 0"}
    assert store.count_runs() == {}


def test_a_component_is_varied_by_its_name_and_a_field_of_it_too(client: httpx.Client) -> None:
    axes = {"optimizer": {"values": ["adam", "sgd"]}, "optimizer.lr": {"values": [0.01, 0.02]}}
    sweep = submit(client, axes).json()
    found = [(run["spec"]["optimizer"]["kind"], run["spec"]["optimizer"]["lr"]) for run in runs_of(client, sweep["id"])]
    assert found == [("adam", 0.01), ("adam", 0.02), ("sgd", 0.01), ("sgd", 0.02)]


def test_a_preview_stores_nothing(client: httpx.Client) -> None:
    body = {"spec": BASE, "axes": {**LR, "seed": {"range": {"low": 0, "high": 9}}}}
    found = client.post("/api/v1/sweeps/preview", json=body).json()
    assert (found["runs"], found["combinations"]) == (20, 20)
    assert found["first"][0] == {"optimizer.lr": 0.1, "seed": 0}
    assert found["words"].startswith("20 runs. Time not known")
    assert client.get("/api/v1/sweeps").json()["items"] == []


def test_a_budget_of_runs_is_held_and_said_and_can_be_raised(client: httpx.Client) -> None:
    axes = {"seed": {"range": {"low": 0, "high": 9}}}
    sweep = submit(client, axes, budget={"runs": 4}).json()
    assert sweep["counts"] == {"queued": 4}
    assert sweep["note"] == "The budget of 4 runs is used up. 6 combinations not started."
    address = f"/api/v1/sweeps/{sweep['id']}/extend"
    grown = client.post(address, json={"budget": {"runs": 7}}).json()
    assert grown["counts"] == {"queued": 7}
    assert [run["spec"]["seed"] for run in runs_of(client, sweep["id"])] == list(range(7))
    assert client.post(address, json={"budget": {"runs": 7}}).status_code == 409
    assert "at least 7" in errors(client.post(address, json={"budget": {"runs": 2}}))["budget.runs"]
    more = {"seed": {"range": {"low": 0, "high": 11}}}
    assert client.post(address, json={"axes": more, "budget": {}}).json()["counts"] == {"queued": 12}
    fewer = client.post(address, json={"axes": {"seed": {"values": [0, 1]}}})
    assert "must keep the value 2" in errors(fewer)["axes.seed"]
    assert "submit a new one" in errors(client.post(address, json={"axes": LR}))["axes.optimizer.lr"]


def test_all_members_are_cancelled_and_resumed(client: httpx.Client) -> None:
    sweep = submit(client, LR).json()["id"]
    cancelled = client.post(f"/api/v1/sweeps/{sweep}/cancel").json()
    assert (cancelled["state"], cancelled["counts"], cancelled["note"]) == ("cancelled", {"cancelled": 2}, "Cancelled.")
    resumed = client.post(f"/api/v1/sweeps/{sweep}/resume").json()
    assert (resumed["state"], resumed["counts"]) == ("running", {"queued": 2})
    assert client.post(f"/api/v1/sweeps/{sweep}/resume").status_code == 409


def test_random_members_follow_from_the_seed(client: httpx.Client) -> None:
    axes = {"optimizer.lr": {"log_range": {"low": 1e-4, "high": 0.1}}, "levels": {"range": {"low": 1, "high": 3}}}
    assert "needs a number of runs" in errors(submit(client, axes, sampler={"kind": "random"}))["budget.runs"]

    def drawn(seed: int, n: int = 5) -> list[Any]:
        body = {"sampler": {"kind": "random", "seed": seed}, "budget": {"runs": n}}
        sweep = submit(client, axes, **body).json()["id"]
        return [each["values"] for each in client.get(f"/api/v1/sweeps/{sweep}/members").json()["items"]]

    first = drawn(1)
    assert drawn(1) == first
    assert drawn(1, 3) == first[:3]
    assert drawn(2) != first
    assert all(1e-4 <= values["optimizer.lr"] <= 0.1 and values["levels"] in (1, 2, 3) for values in first)


def test_members_leave_as_csv(client: httpx.Client) -> None:
    sweep = submit(client, LR).json()["id"]
    text = client.get(f"/api/v1/sweeps/{sweep}/members", params={"format": "csv"}).text
    lines = text.splitlines()
    assert lines[0] == "position,run,state,optimizer.lr,last_ticket_validation_accuracy,hours"
    assert [line.split(",")[2:4] for line in lines[1:]] == [["queued", "0.1"], ["queued", "0.3"]]


def test_an_unknown_sweep_is_not_found(client: httpx.Client) -> None:
    for path in ("", "/members"):
        assert client.get(f"/api/v1/sweeps/nothing{path}").status_code == 404
    for action in ("cancel", "resume"):
        assert client.post(f"/api/v1/sweeps/nothing/{action}").status_code == 404
    assert client.post("/api/v1/sweeps/nothing/extend", json={"budget": {"runs": 3}}).status_code == 404
    assert client.get("/api/v1/runs", params={"q": "sweep:nothing"}).json()["items"] == []
