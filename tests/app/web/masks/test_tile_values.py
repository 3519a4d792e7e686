"""What there is to see of a run, and exact weights and units: over HTTP they are the run's own numbers."""

import base64
import csv
import io
from typing import Any

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray

from app.atlas.orders import orders
from app.atlas.reader import Reader
from app.store import Store
from tests.app.conftest import Hand
from tests.app.masked_run import MaskedRun, write_run

SHAPES = {"conv1": (4, 2, 3, 3), "fc1": (12, 4 * 5), "fc2": (3, 12)}


def ask(client: httpx.Client, run: MaskedRun, path: str, status: int = 200, **query: Any) -> Any:
    answer = client.get(f"/api/v1/runs/{run.id}/masks{path}", params=query)
    assert answer.status_code == status, answer.text
    kind = "application/json" if status == 200 else "application/problem+json"
    assert answer.headers["content-type"] == kind
    return answer.json()


def array(typed: dict[str, str]) -> NDArray[Any]:
    """An array as Plotly would read it."""
    shape = tuple(int(n) for n in typed["shape"].split(","))
    return np.frombuffer(base64.b64decode(typed["bdata"]), np.dtype(typed["dtype"]).newbyteorder("<")).reshape(shape)


def only(mask: NDArray[Any], weights: NDArray[Any]) -> NDArray[Any]:
    return np.where(mask, weights, np.nan)


def test_the_layers_and_their_tickets_are_listed(client: httpx.Client, store: Store) -> None:
    run = write_run(store, SHAPES, levels=1, replicates=2, controls=("reinit",))
    got = ask(client, run, "")
    assert got["seq"] == store.run(run.id).last_seq
    conv, first, last = got["layers"]
    assert conv == {
        "name": "conv1", "shape": [4, 2, 3, 3], "rows": 4, "columns": 18, "kernel": [3, 3], "picture": [2, 3, 3],
        "assumed": False,
    }  # fmt: skip
    assert (first["rows"], first["columns"], first["kernel"], first["picture"]) == (12, 20, [], None)
    assert (last["name"], last["shape"]) == ("fc2", [3, 12])
    assert got["tickets"] == ["0:0", "0:1:reinit:0", "0:1", "1:0", "1:1:reinit:0", "1:1"]
    assert str(run.ref(1, 1, "reinit")) == f"{run.id}:{got['tickets'][-2]}"


@pytest.mark.parametrize(("picture", "assumed"), [((3, 2, 8), False), (None, True)])
def test_the_first_layer_reads_pictures(
    client: httpx.Client, store: Store, picture: tuple[int, int, int] | None, assumed: bool
) -> None:
    run = write_run(store, {"fc1": (3, 48)}, picture=picture)
    (layer,) = ask(client, run, "")["layers"]
    assert (layer["picture"], layer["assumed"]) == (list(picture or (3, 4, 4)), assumed)


def test_the_first_layer_of_a_network_for_texts_reads_no_picture(client: httpx.Client, store: Store) -> None:
    run = write_run(store, {"layers.0.attention.query": (64, 64)}, picture=(64,))
    (layer,) = ask(client, run, "")["layers"]
    assert (layer["picture"], layer["assumed"]) == (None, False)


def test_the_counts_are_those_of_the_masks(client: httpx.Client, store: Store) -> None:
    random = np.random.default_rng(4)
    masks = [
        [{name: random.random(shape) < share for name, shape in SHAPES.items()} for share in (2, 0.3, 0.05)]
        for _ in range(2)
    ]
    run = write_run(store, SHAPES, replicates=2, masks=masks, controls=("shuffled",))
    counts = ask(client, run, "")["counts"]
    assert list(counts) == ["replicate", "level", "layer", "kept", "dead_inputs", "dead_units"]
    expected = [
        [
            replicate,
            level,
            number,
            mask.sum(),
            sum(not mask[:, channel].any() for channel in range(mask.shape[1])),
            sum(not unit.any() for unit in mask),
        ]
        for replicate, levels in enumerate(masks)
        for level, layers in enumerate(levels)
        for number, mask in enumerate(layers.values())
    ]
    assert sorted(zip(*counts.values(), strict=True)) == [tuple(row) for row in expected]
    assert sum(counts["dead_units"]) > 0
    assert sum(counts["dead_inputs"]) > 0


def test_a_run_without_masks_has_none(client: httpx.Client, hand: Hand) -> None:
    for run, layers in ((hand.run(), ["fc1", "fc2"]), (hand.run(start=False), [])):
        got = client.get(f"/api/v1/runs/{run.id}/masks").json()
        assert [layer["name"] for layer in got["layers"]] == layers
        assert (got["tickets"], got["counts"].get("kept", [])) == ([], [])
    assert client.get("/api/v1/runs/0000000000/masks").status_code == 404


@pytest.mark.parametrize("order", ["natural", "degree", "cluster"])
def test_values_are_exact(client: httpx.Client, store: Store, order: Any) -> None:
    run = write_run(store, SHAPES, replicates=2)
    view = {"top": 2, "bottom": 11, "left": 3, "right": 19}
    got = ask(client, run, "/fc1/values", level=2, replicate=1, rows=order, columns=order, **view)
    found = {name: array(typed) for name, typed in got.items()}
    down, across = orders(Reader(store), run.ref(1, 2), 1, order, order)
    assert np.array_equal(found["rows"], down[2:11])
    assert np.array_equal(found["columns"], across[3:19])
    part = np.ix_(down[2:11], across[3:19])
    chain = [level["fc1"] for level in run.masks[1]]
    assert np.array_equal(found["kept"], chain[2][part])
    assert np.array_equal(found["death"], np.sum(chain, axis=0)[part])
    assert np.array_equal(found["replicates"], (run.masks[0][2]["fc1"].astype(int) + chain[2])[part])
    # Bit by bit: nothing is rounded on the way.
    assert np.array_equal(found["start"], run.init[1]["fc1"][part])  # of pruned weights too
    assert np.array_equal(found["end"], only(chain[2], run.trained[1]["fc1"])[part].astype(np.float32), equal_nan=True)
    dtypes = {name: typed["dtype"] for name, typed in got.items()}
    assert dtypes == {
        "rows": "i4", "columns": "i4", "kept": "u1", "death": "u1", "start": "f4", "end": "f4", "replicates": "u1",
    }  # fmt: skip
    assert got["kept"]["shape"] == "9, 16"


def test_as_many_values_as_a_page_can_draw(client: httpx.Client, store: Store) -> None:
    run = write_run(store, {"fc1": (200, 101)}, levels=1)
    assert array(ask(client, run, "/fc1/values", bottom=200, right=100)["kept"]).size == 20_000
    detail = ask(client, run, "/fc1/values", 400, bottom=200, right=101)["detail"]
    assert detail == "20,200 weights at once; at most 20,000: zoom in"


def table(answer: httpx.Response) -> list[dict[str, str]]:
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer.text)))


@pytest.mark.parametrize("how", [{"params": {"format": "csv"}}, {"headers": {"Accept": "text/csv"}}])
def test_values_are_csv_on_request(client: httpx.Client, store: Store, how: dict[str, Any]) -> None:
    run = write_run(store, SHAPES)
    query = {"level": 1, "top": 5, "bottom": 8, "left": 2, "right": 20, "columns": "degree", **how.get("params", {})}
    answer = client.get(f"/api/v1/runs/{run.id}/masks/fc1/values", params=query, headers=how.get("headers"))
    rows = table(answer)
    assert answer.headers["content-disposition"] == f'attachment; filename="{run.id}-r0-l1-fc1-5-2.csv"'
    names = ["unit", "input", "kept", "death_level", "initial", "trained", "movement", "replicates"]
    assert list(rows[0]) == names
    _, across = orders(Reader(store), run.ref(0, 1), 1, "natural", "degree")
    assert [(int(row["unit"]), int(row["input"])) for row in rows] == [
        (unit, column) for unit in range(5, 8) for column in across[2:20]
    ]
    masks, init, trained = run.masks[0], run.init[0]["fc1"], run.trained[0]["fc1"]
    for row in rows:
        at = int(row["unit"]), int(row["input"])
        assert int(row["kept"]) == int(row["replicates"]) == masks[1]["fc1"][at]
        assert int(row["death_level"]) == sum(level["fc1"][at] for level in masks)
        assert np.float32(row["initial"]) == init[at]
        if row["kept"] == "1":
            assert np.float32(row["trained"]) == trained[at]
            assert np.float32(row["movement"]) == trained[at] - init[at]
        else:
            assert (row["trained"], row["movement"]) == ("", "")


def test_weights_of_a_convolution_say_where_in_their_kernel_they_are(client: httpx.Client, store: Store) -> None:
    run = write_run(store, SHAPES)
    query: dict[str, Any] = {"bottom": 4, "right": 18, "level": 2, "format": "csv"}
    rows = table(client.get(f"/api/v1/runs/{run.id}/masks/conv1/values", params=query))
    assert list(rows[0])[:4] == ["unit", "input", "kernel_row", "kernel_column"]
    places = [tuple(int(row[name]) for name in list(rows[0])[:4]) for row in rows]
    assert places == list(np.ndindex(4, 2, 3, 3))
    assert [int(row["kept"]) for row in rows] == run.masks[0][2]["conv1"].reshape(-1).tolist()


def test_a_table_holds_more_than_a_page(client: httpx.Client, store: Store) -> None:
    run = write_run(store, {"fc1": (400, 501)}, levels=1)
    url = f"/api/v1/runs/{run.id}/masks/fc1/values?format=csv&bottom=400"
    assert client.get(f"{url}&right=500").text.count("\n") == 200_001
    refused = client.get(f"{url}&right=501")
    assert (refused.status_code, "at most 200,000" in refused.json()["detail"]) == (400, True)


def test_controls_have_no_values_but_all_the_rest(client: httpx.Client, store: Store) -> None:
    run = write_run(store, SHAPES, controls=("shuffled",))
    got = ask(client, run, "/fc2/values", level=2, control="shuffled", bottom=3, right=12)
    assert np.array_equal(array(got["kept"]), run.controls[0, 2, "shuffled"]["fc2"])
    assert np.isnan(array(got["end"])).all()


def test_bad_questions_about_values_are_refused(client: httpx.Client, store: Store) -> None:
    run = write_run(store, SHAPES)
    whole = {"bottom": 12, "right": 20}
    assert "rows 0 to 13" in ask(client, run, "/fc1/values", 400, bottom=13, right=20)["detail"]
    ask(client, run, "/fc9/values", 404, **whole)
    ask(client, run, "/fc1/values", 404, **whole, level=3)
    ask(client, run, "/fc1/values", 404, **whole, level=1, control="shuffled")
    for query, path in (({"color": "mask"}, "color"), ({"format": "xml"}, "format"), ({"columns": "up"}, "columns")):
        problem = ask(client, run, "/fc1/values", 422, **whole, **query)
        assert [error["path"] for error in problem["errors"]] == [path]


def test_the_legend_has_what_the_ticket_can_be_coloured_by(client: httpx.Client, store: Store) -> None:
    run = write_run(store, SHAPES, replicates=2, controls=("reinit",))
    got = ask(client, run, "/fc1/legend", level=1)
    assert list(got) == ["mask", "level", "initial", "trained", "moved", "flips", "replicates"]
    assert list(ask(client, run, "/fc1/legend", level=1, control="reinit")) == ["mask", "level", "replicates"]
    assert (got["level"]["low"], got["level"]["high"], got["replicates"]["high"]) == (0, 3, 2)
    mask = run.masks[0][1]["fc1"]
    moved = np.abs(run.trained[0]["fc1"] - run.init[0]["fc1"])[mask]
    for name, values in (("initial", run.init[0]["fc1"][mask]), ("trained", run.trained[0]["fc1"][mask])):
        assert got[name]["low"] == -got[name]["high"]
        assert np.quantile(np.abs(values), 0.99) <= got[name]["high"] <= 2.5 * np.abs(values).max()
    assert got["moved"]["low"] == 0
    assert np.quantile(moved, 0.99) <= got["moved"]["high"] <= 2.5 * moved.max()
    ask(client, run, "/fc1/legend", 404, level=7)
    ask(client, run, "/fc9/legend", 404)


def test_a_unit_has_its_degrees_weights_and_paths(client: httpx.Client, store: Store) -> None:
    run = write_run(store, SHAPES)
    conv, first, last = (run.masks[0][1][name].astype(int) for name in SHAPES)
    for number in range(4):
        got = ask(client, run, f"/conv1/units/{number}", level=1)
        read = first[:, 5 * number : 5 * number + 5]
        assert (got["unit"], got["picture"], got["assumed"]) == (number, [2, 3, 3], False)
        assert (got["in_degree"], got["out_degree"]) == (conv[number].sum(), read.sum())
        assert np.array_equal(array(got["kept"]), conv[number].reshape(-1))
        weights = run.trained[0]["conv1"][number]
        assert np.array_equal(array(got["end"]), only(conv[number], weights).reshape(-1), equal_nan=True)
        assert [each["layer"] for each in got["reached"]] == ["fc1", "fc2"]
        assert got["reached"][0]["paths"] == read.sum(axis=1).tolist()
        assert got["reached"][1]["paths"] == (last @ read.sum(axis=1)).tolist()
    end = ask(client, run, "/fc2/units/2", level=1)
    assert (end["out_degree"], end["reached"], end["picture"]) == (None, [], None)


def test_a_unit_that_is_not_there_is_refused(client: httpx.Client, store: Store) -> None:
    run = write_run(store, SHAPES)
    for number in (4, -1, 10**20):
        detail = ask(client, run, f"/conv1/units/{number}", 400)["detail"]
        assert detail == f"unit {number} is not one of the 4 units of conv1"
    ask(client, run, "/conv1/units/one", 422)
    ask(client, run, "/conv1/units/1", 404, level=8)
    assert ask(client, run, "/conv1/units/1", 422, top=1)["errors"][0]["path"] == "top"
