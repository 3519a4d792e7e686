"""Masks of two runs whose layers have other names, through the API: paired, chosen, refused."""

import io
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save

CASES = Path(__file__).parents[5] / "shared" / "cases" / "imports"


def imported(client: httpx.Client, name: str, content: bytes | None = None) -> str:
    content = content or (CASES / f"{name}.safetensors").read_bytes()
    answer = client.post("/api/v1/imports", files={"files": (f"{name}.safetensors", content)}, data={"name": name})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def figure(client: httpx.Client, run: str, name: str = "overlap_matrix", **options: Any) -> httpx.Response:
    return client.get(f"/api/v1/runs/{run}/figures/{name}", params=options)


def sentence(answer: httpx.Response) -> str:
    return "".join(part["text"] for part in answer.json()["layout"]["meta"]["finding"]).replace("\u00a0", " ")


@pytest.fixture
def two(client: httpx.Client) -> tuple[str, str]:
    return imported(client, "names_numbered"), imported(client, "names_words")


def test_the_same_masks_under_other_names_are_asked_about_then_the_same(
    client: httpx.Client, two: tuple[str, str]
) -> None:
    """Both layers are 8×8: neither names nor shapes say which is which, so no number is shown before someone does."""
    numbered, words = two
    for name in ("overlap_matrix", "overlap_vs_chance"):
        asked = figure(client, numbered, name, others=words)
        assert asked.status_code == 422
        (error,) = asked.json()["errors"]
        assert error["path"] == "pairing"
        assert "fc1 = input, fc2 = hidden" in error["message"]
    layers = [
        [layer["name"] for layer in client.get(f"/api/v1/runs/{run}/masks").json()["layers"]]
        for run in (numbered, words)
    ]
    assert layers[0] == ["fc1", "fc2"]
    pairing = f"{numbered}:{words}:{layers[1].index('input')}-{layers[1].index('hidden')}"
    same = figure(client, numbered, others=words, pairing=pairing)
    assert sentence(same) == "These 2 tickets keep the same weights."
    assert np.array(same.json()["data"][0]["text"])[0, 1] == "1.00 ="
    row = figure(client, numbered, others=words, pairing=pairing, format="csv").text.splitlines()[2]
    assert f"{numbered}:0:0,{words}:0:0,34,34,34,1.0," in row
    assert row.endswith(",fc1 = input; fc2 = hidden")
    by_layer = figure(client, numbered, "overlap_vs_chance", a=f"{numbered}:0:0", b=f"{words}:0:0", pairing=pairing)
    assert "shares 100 % of the smaller mask's weights" in sentence(by_layer)
    csv = figure(
        client, numbered, "overlap_vs_chance", a=f"{words}:0:0", b=f"{numbered}:0:0", pairing=pairing, format="csv"
    ).text.splitlines()
    assert csv[1].startswith("fc1,1,1.0,uniform,")
    assert csv[1].endswith(f",{words}: input")


def test_the_other_pairing_is_another_number(client: httpx.Client, two: tuple[str, str]) -> None:
    numbered, words = two
    names = [layer["name"] for layer in client.get(f"/api/v1/runs/{words}/masks").json()["layers"]]
    pairing = f"{words}:{numbered}:{'1-0' if names[0] == 'input' else '0-1'}"
    crossed = figure(client, numbered, others=words, pairing=pairing, format="csv").text.splitlines()[2]
    assert float(crossed.split(",")[5]) == pytest.approx(8 / 60)


def test_wrappers_and_another_order_do_not_hide_names(client: httpx.Client) -> None:
    draw = np.random.default_rng(0)
    masks = {name: (draw.random((8, 8)) < 0.4).astype(np.uint8) for name in ("fc1", "fc2", "fc3")}
    one = imported(client, "plain", save({f"{name}.weight_mask": mask for name, mask in masks.items()}))
    other = imported(
        client, "wrapped", save({f"module._orig_mod.{name}.weight_mask": mask for name, mask in masks.items()})
    )
    third = imported(client, "third", save({f"net.{name}.weight_mask": mask for name, mask in masks.items()}))
    made = figure(client, one, others=f"{other},{third}")
    assert sentence(made) == "These 3 tickets keep the same weights."
    assert "layers paired by name" in made.json()["layout"]["meta"]["foot"]
    assert made.json()["data"][0]["x"] == [f"{run}:0:0" for run in (one, other, third)]


def test_layers_of_shapes_of_their_own_are_paired_by_them(client: httpx.Client) -> None:
    draw = np.random.default_rng(1)
    masks = [(draw.random(shape) < 0.5).astype(np.uint8) for shape in ((8, 16), (6, 8), (4, 6))]
    names = [["fc1", "fc2", "fc3"], ["zero", "middle", "attic"]]
    runs = [
        imported(client, each[0], save({f"{n}.weight_mask": m for n, m in zip(each, masks, strict=True)}))
        for each in names
    ]
    made = figure(client, runs[0], others=runs[1])
    assert sentence(made) == "These 2 tickets keep the same weights."
    assert "layers paired by shape" in made.json()["layout"]["meta"]["foot"]


def test_networks_that_are_not_alike_are_refused_with_the_reason(client: httpx.Client) -> None:
    one = imported(client, "one", save({"a.weight_mask": np.ones((4, 3), np.uint8)}))
    other = imported(client, "other", save({"a.weight_mask": np.ones((3, 4), np.uint8)}))
    refused = figure(client, one, others=other)
    assert refused.status_code == 422
    (error,) = refused.json()["errors"]
    assert error["path"] == "others"
    assert error["message"] == (
        f"the layers of “one” ({one}) and “other” ({other}) cannot be paired: no layer of the other has the shape of "
        "a (4×3); it has a (3×4) instead"
    )


@pytest.mark.parametrize("pairing", ["nonsense", "a:b:0-0", "a:b:5"])
def test_a_pairing_that_is_none_is_refused(client: httpx.Client, two: tuple[str, str], pairing: str) -> None:
    for query in (pairing, pairing.replace("a:b", ":".join(two))):
        refused = figure(client, two[0], others=two[1], pairing=query)
        assert refused.status_code == 422
        assert [error["path"] for error in refused.json()["errors"]] == ["pairing"]


def test_pixels_are_compared_with_the_layer_that_is_paired(client: httpx.Client, two: tuple[str, str]) -> None:
    """The difference of the two masks of one layer: no weight is kept by one alone."""
    numbered, words = two
    names = [layer["name"] for layer in client.get(f"/api/v1/runs/{words}/masks").json()["layers"]]
    pairing = f"{numbered}:{words}:{names.index('input')}-{names.index('hidden')}"
    view = {"bottom": 8, "right": 8, "width": 8, "height": 8}
    path = f"/api/v1/runs/{numbered}/masks/fc1"
    for option in ("other", "order_of"):
        asked = client.get(f"{path}/tile", params={**view, "color": "difference", option: f"{words}:0:0"})
        assert (asked.status_code, asked.json()["errors"][0]["path"]) == (422, "pairing")
    shown = client.get(
        f"{path}/tile", params={**view, "color": "difference", "other": f"{words}:0:0", "pairing": pairing}
    )
    assert shown.status_code == 200
    colors = {color for _, color in Image.open(io.BytesIO(shown.content)).convert("RGB").getcolors() or []}
    assert len(colors) == 2  # paper, and kept by both
    partner = client.get(f"{path}/partner", params={"other": f"{words}:0:0", "pairing": pairing}).json()
    assert (partner["layer"], partner["by"], partner["last_level"], partner["replicates"]) == ("input", "choice", 0, 1)
    unpaired = client.get(f"{path}/partner", params={"other": f"{words}:0:0"})
    assert unpaired.status_code == 200  # a page asks before its reader has chosen
    assert (unpaired.json()["layer"], unpaired.json()["by"], unpaired.json()["name"]) == (None, None, "names_words")
    assert unpaired.json()["reason"] == (
        f"Names and shapes do not determine which layer of “names_words” ({words}) corresponds to which of "
        f"“names_numbered” ({numbered}). Confirm a pairing, such as fc1 = input, fc2 = hidden."
    )
    assert client.get(f"{path}/partner", params={"other": "nonsense"}).json()["errors"][0]["path"] == "other"
    assert client.get(f"{path}/partner", params={"other": f"{words}:0:7", "pairing": pairing}).status_code == 404
