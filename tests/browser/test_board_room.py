"""The board at 1280 pixels: what differs is not cut, twenty rows fit, and the age stays in its frame."""

from typing import Any

import pytest
from playwright.sync_api import Page

from app.kinds.presets import PRESETS
from tests.browser.conftest import Scope, Watched

LONG = "Which learning rate and batch size find winning tickets on digits?"

# Per row: what is in sight of the end of its name, and how far the age lies within the frame.
SEEN = """() => [...document.querySelectorAll("#rows tr")].map((row) => {
  const end = row.querySelector(".name .end"), age = row.querySelector(".age").getBoundingClientRect();
  const frame = document.getElementById("listed").getBoundingClientRect();
  const whole = end && end.scrollWidth <= end.clientWidth;
  return [whole ? end.textContent : null, frame.right - age.right, row.offsetHeight];
})"""


@pytest.fixture
def sweep(scope: Scope) -> str:
    """Twelve runs of a sweep under one long name, cancelled."""
    small = {"steps": 40, "eval_every": 20, "levels": 1, "replicates": 1, "branches": []}
    spec = {**PRESETS["digits-tickets"].spec.model_dump(mode="json"), **small}
    axes = {
        "optimizer.lr": {"values": [0.0005, 0.001, 0.1]},
        "batch_size": {"values": [30, 120]},
        "seed": {"values": [0, 1]},
    }
    answer = scope.client.post("/api/v1/sweeps", json={"spec": spec, "axes": axes, "name": LONG})
    sweep = str(answer.json()["id"])
    scope.client.post(f"/api/v1/sweeps/{sweep}/cancel")
    return sweep


def _rows(page: Page, address: str) -> list[Any]:
    page.goto(address)
    page.wait_for_selector("#listed")
    rows: list[Any] = page.evaluate(SEEN)
    return rows


def test_members_of_a_sweep_differ_and_the_age_is_in_sight(watched: Watched, scope: Scope, sweep: str) -> None:
    other = PRESETS["hardware-lenet"].spec.model_dump(mode="json")
    run = scope.client.post("/api/v1/runs", json={"spec": other, "name": "another kind"}).json()["id"]
    scope.client.post(f"/api/v1/runs/{run}/cancel")
    page = watched(1280, 900)
    for address in (f"/?q=sweep:{sweep}", f"/?q=sweep:{sweep} OR id:{run}"):
        rows = _rows(page, address)
        ends = [end for end, _, _ in rows if end is not None]
        assert len(ends) == len(set(ends)) == 12
        assert all(inside >= 0 for _, inside, _ in rows)
        assert 20 * max(height for _, _, height in rows) < 900 - 140
    # Whatever columns are chosen, the age stays; the rest scrolls.
    chosen = ",".join(["optimizer", "lr", "batch_size", "seed", "steps", "levels", "replicates", "dataset", "model"])
    rows = _rows(page, f"/?q=sweep:{sweep}&columns={chosen}")
    assert len(rows) == 12
    assert all(0 <= inside < 60 for _, inside, _ in rows)
