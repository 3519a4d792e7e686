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
}


@pytest.mark.parametrize("path", ADDRESSES)
def test_a_byte_order_mark_comes_on_request(client: httpx.Client, store: Store, path: str) -> None:
    run = write_erased(store)[0].id if path.startswith("film") else write_run(store, {"fc1": (3, 48)}).id
    url, query = f"/api/v1/runs/{run}/{path}", {**ADDRESSES[path], "format": "csv"}
    plain, marked = (client.get(url, params={**query, **more}) for more in ({}, {"bom": "1"}))
    assert plain.status_code == marked.status_code == 200
    assert plain.headers["content-type"] == marked.headers["content-type"] == "text/csv; charset=utf-8"
    assert not plain.content.startswith(codecs.BOM_UTF8)
    assert marked.content == codecs.BOM_UTF8 + plain.content


def test_every_address_that_answers_csv_is_tried_here(client: httpx.Client) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    there = {
        path.removeprefix("/api/v1/runs/{run_id}/").replace("{layer}", "fc1").replace("{name}", "layer_density")
        for path, methods in paths.items()
        if "bom" in {each["name"] for each in methods.get("get", {}).get("parameters", ())}
    }
    asked = {
        path.removeprefix("/api/v1/runs/{run_id}/").replace("{layer}", "fc1").replace("{name}", "layer_density")
        for path, methods in paths.items()
        if "csv" in str(methods.get("get", {}))
    }
    assert there == asked == set(ADDRESSES)


def test_the_name_of_a_layer_is_no_formula(client: httpx.Client, store: Store) -> None:
    run = write_run(store, {LAYER: (3, 48)})
    text = client.get(f"/api/v1/runs/{run.id}/figures/layer_density", params={"format": "csv"}).text
    cells = {cell for row in csv.reader(io.StringIO(text)) for cell in row}
    assert f"'{LAYER}" in cells
    assert LAYER not in cells
