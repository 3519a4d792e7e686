"""Every CSV answer: no cell is a formula, and a byte order mark comes on request only."""

import codecs
import csv
import io

import httpx
import pytest

from app.store import Store
from tests.app.erased_run import write_run as write_erased
from tests.app.masked_run import write_run

LAYER = "=1+1"
FILM: dict[str, str | int] = {"width": 16, "optimizer": "sgd", "lr": 1}
ADDRESSES: dict[str, dict[str, str | int]] = {
    "series": {"name": "layers"},
    "comparison": {},
    "figures/layer_density": {},
    "masks/fc1/values": {"level": 1, "bottom": 2, "right": 3},
    "film/export": FILM,
    "film/values": {**FILM, "step": 56, "bottom": 2, "right": 2},
    "compare": {},
    "compare/figures/compared_accuracy": {},
    "sweeps/members": {},
    "runs": {"columns": "lr"},
    "runs/groups": {"group": "optimizer"},
    "sweeps/figures/best_so_far": {},
    "costs": {"group": "project"},
}


@pytest.mark.parametrize("path", ADDRESSES)
def test_a_byte_order_mark_comes_on_request(client: httpx.Client, store: Store, path: str) -> None:
    run = write_erased(store)[0].id if path.startswith("film") else write_run(store, {"fc1": (3, 48)}).id
    several = path.startswith(("compare", "runs", "costs"))
    url = f"/api/v1/{path}" if several else f"/api/v1/runs/{run}/{path}"
    if path.startswith("sweeps"):
        body = {"preset": "digits-tickets", "axes": {"seed": {"values": [0, 1]}}}
        sweep = client.post("/api/v1/sweeps", json=body).json()["id"]
        url = f"/api/v1/{path.replace('sweeps', f'sweeps/{sweep}')}"
    query = {**ADDRESSES[path], **({"runs": run} if several else {}), "format": "csv"}
    plain, marked = (client.get(url, params={**query, **more}) for more in ({}, {"bom": "1"}))
    assert plain.status_code == marked.status_code == 200
    assert plain.headers["content-type"] == marked.headers["content-type"] == "text/csv; charset=utf-8"
    assert not plain.content.startswith(codecs.BOM_UTF8)
    assert marked.content == codecs.BOM_UTF8 + plain.content


def test_every_address_that_answers_csv_is_tried_here(client: httpx.Client) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    there = {
        _written(path)
        for path, methods in paths.items()
        if "bom" in {each["name"] for each in methods.get("get", {}).get("parameters", ())}
    }
    asked = {_written(path) for path, methods in paths.items() if "csv" in str(methods.get("get", {}))}
    assert there == asked == set(ADDRESSES)


def _written(path: str) -> str:
    """An address of the schema as `ADDRESSES` has it."""
    figure = "compared_accuracy" if "/compare/" in path else "layer_density"
    figure = "best_so_far" if "/sweeps/" in path else figure
    path = path.removeprefix("/api/v1/").removeprefix("runs/{run_id}/").replace("{sweep_id}/", "")
    return path.replace("{layer}", "fc1").replace("{name}", figure)


def test_the_name_of_a_layer_is_no_formula(client: httpx.Client, store: Store) -> None:
    run = write_run(store, {LAYER: (3, 48)})
    text = client.get(f"/api/v1/runs/{run.id}/figures/layer_density", params={"format": "csv"}).text
    cells = {cell for row in csv.reader(io.StringIO(text)) for cell in row}
    assert f"'{LAYER}" in cells
    assert LAYER not in cells
