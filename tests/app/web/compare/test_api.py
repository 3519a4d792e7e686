"""A comparison over the API: typed answers that the schema describes, and every figure as JSON, as table and as CSV."""

import csv
import io
from typing import Any

import httpx
import pytest

from app.atlas.reader import Reader
from app.kinds.registry import COMPARED
from app.measuring import Measuring
from app.store import Store
from tests.app.compared_runs import write_runs
from tests.app.erased_run import write_run as write_erased
from tests.app.masked_run import write_run as write_masked
from tests.app.ranked_run import write_run as write_ranked


@pytest.fixture
def lab(store: Store) -> str:
    """Ids of runs of several kinds, measured."""
    ids = [
        *(run.id for run in write_runs(store, 2, replicates=2, levels=2, points=3)),
        *(write_masked(store, {"fc1": (8, 48)}, seed=seed).id for seed in range(2)),
        *(write_ranked(store, seed=seed).id for seed in range(2)),
        *(run.id for run in write_erased(store)),
    ]
    Measuring(store, Reader(store)).measure()
    return ",".join(ids)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_every_figure_is_there_as_plotly_as_columns_and_as_csv(client: httpx.Client, lab: str) -> None:
    for name in COMPARED:
        address = f"/api/v1/compare/figures/{name}"
        figure = client.get(address, params={"runs": lab}).json()
        meta = figure["layout"]["meta"]
        assert meta["title"]
        assert "".join(part["text"] for part in meta["finding"]).strip().endswith(".")
        table = client.get(f"{address}/table", params={"runs": lab}).json()
        assert table["name"] == name
        columns = table["columns"]
        assert len({len(column) for column in columns.values()}) == 1
        lines = rows(client.get(address, params={"runs": lab, "format": "csv"}).text)
        assert len(lines) == len(next(iter(columns.values())))
        assert bool(lines) == (not meta.get("blank", False))
        for key, column in columns.items():
            for value, line in zip(column, lines, strict=True):
                same = value in (None, "") if line[key] == "" else str(value) == line[key] or float(line[key]) == value
                assert same, (name, key, value, line[key])


def test_the_table_of_the_page_is_there_as_json_and_csv(client: httpx.Client, lab: str) -> None:
    query = {"runs": lab, "columns": "accuracy@50%,optimizer.lr", "group": "kind"}
    answer: dict[str, Any] = client.get("/api/v1/compare", params=query).json()
    lines = rows(client.get("/api/v1/compare", params={**query, "format": "csv"}).text)
    assert list(lines[0]) == ["run", "name", "kind", "state", "group", "result.accuracy@50%", "optimizer.lr"]
    assert [line["run"] for line in lines] == lab.split(",") == [item["run"]["id"] for item in answer["items"]]
    assert [line["group"] for line in lines] == [item["group"] for item in answer["items"]]
    measured = [item["fields"].get("result.accuracy@50%") for item in answer["items"]]
    assert measured[0]["n"] == 2
    for line, value in zip(lines, measured, strict=True):
        assert line["result.accuracy@50%"] == ("" if value is None else str(value["values"][0]))
    lists = answer["items"][-1]["fields"]["optimizer.lr"]["values"]
    assert lines[-1]["optimizer.lr"] == ", ".join(f"{value:g}" for value in lists)
    assert "These runs are of 3 kinds." in answer["notes"][0]
    assert {"result.accuracy", "cost.core_seconds", "optimizer.lr"} <= set(answer["columns"])


def test_the_schema_has_a_type_for_every_answer_of_a_comparison(client: httpx.Client) -> None:
    schema = client.get("/openapi.json").json()
    known = schema["components"]["schemas"]
    found = {path: each["get"] for path, each in schema["paths"].items() if path.startswith("/api/v1/compare")}
    assert len(found) == 3
    for operation in found.values():
        content = operation["responses"]["200"]["content"]
        name = content["application/json"]["schema"]["$ref"].rpartition("/")[2]
        assert known[name]["properties"]
        assert content.get("text/csv", {"schema": {"type": "string"}})["schema"] == {"type": "string"}
    assert known["ComparedRun"]["properties"]["fields"]["additionalProperties"]["$ref"].endswith("FieldValue")
    assert set(known["FigureMeta"]["required"]) == {"title", "finding", "foot", "n"}
    figures = found["/api/v1/compare/figures/{name}"]["parameters"]
    assert next(each for each in figures if each["name"] == "name")["schema"]["enum"] == list(COMPARED)


def test_a_table_refuses_what_the_figure_refuses(client: httpx.Client, lab: str) -> None:
    address = "/api/v1/compare/figures/compared_difference/table"
    assert client.get(address, params={"runs": lab, "baseline": "1abc"}).status_code == 422
    assert client.get(address, params={"runs": lab, "colour": "red"}).status_code == 422
    assert client.get("/api/v1/compare/figures/nothing/table").status_code == 404
