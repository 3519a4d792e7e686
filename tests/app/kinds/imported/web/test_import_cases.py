"""Files as people bring them, through the API: what is recognised in each is right."""

import json
import shlex
import shutil
import subprocess
from html import unescape
from pathlib import Path

import httpx
import pytest

from app.atlas.collapses import collapses
from app.atlas.reader import Reader
from app.kinds.imported.commands import import_again
from app.kinds.imported.spec import ImportedSpec
from app.plotting.collapse import brief
from app.store import Store
from tests.app.conftest import Web
from tests.app.kinds.imported.web.import_cases import CASES, THREE, kept, preview, send, stored

pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="the files of cases lie beside the project")


def test_the_preview_counts_every_level_and_names_a_collapse_before_it_is_stored(client: httpx.Client) -> None:
    names = ("level_0.safetensors", "level_1_collapsed.safetensors", "level_2_nothing.safetensors")
    found = preview(client, *names)
    run = send(client, *names).json()["id"]
    layers = client.get(f"/api/v1/runs/{run}/series?name=layers").json()["columns"]
    by_level = [
        sum(int(layer) for layer, its in zip(layers["kept"], layers["level"], strict=True) if its == level)
        for level in range(3)
    ]
    assert [item["kept"] for item in found["networks"]] == by_level
    assert [bool(item["collapse"]) for item in found["networks"]] == [False, True, True]
    page = unescape(client.get(f"/runs/{run}?tab=masks&level=1", headers={"Accept": "text/html"}).text)
    assert found["networks"][1]["collapse"][1:] in page
    assert found["warnings"][0].startswith("Layer collapse at level 1 in ")


@pytest.mark.parametrize(
    ("name", "layers", "holds"),
    [
        ("parametrize", THREE, "masks, weights, no initial weights"),
        ("apex_asp", THREE, "masks, weights, no initial weights"),
        ("scales", {"fc1": (128, 128), "fc2": (21, 48)}, "masks from zeros, weights, no initial weights"),
        ("attn_mask_buffer", {f"blocks.{i}.attn.qkv": (13, 48) for i in range(2)},
         "masks from zeros, weights, no initial weights"),
        ("openlth_int32", {f"fc_layers.{i}": each for i, each in enumerate(THREE.values())},
         "masks, no weights, no initial weights"),
        ("uint32_bystander", {"fc1": (55, 128)}, "masks from zeros, weights, no initial weights"),
        ("nan_under_mask", {"fc1": (55, 128)}, "masks, weights, no initial weights"),
        ("channel_mask_broadcast", {"conv1": (4 * 27, 216), "conv2": (8 * 72, 1152)},
         "masks, weights, no initial weights"),
        ("flax_dot", {f"params.Dense_{i}": each for i, each in enumerate(THREE.values())},
         "masks from zeros, weights, no initial weights"),
        ("names_out_of_order", {"input": (38, 128), "hidden2": (16, 48), "output": (9, 24)},
         "masks, no weights, no initial weights"),
    ],
)  # fmt: skip
def test_what_a_file_holds_is_recognised_shown_and_stored(
    client: httpx.Client, store: Store, name: str, layers: dict[str, tuple[int, int]], holds: str
) -> None:
    file = f"{name}.safetensors"
    found = preview(client, file)
    assert (kept(found), found["holds"], found["question"]) == (layers, holds, "")
    assert [layer["name"] for layer in found["layers"]] == list(layers)
    assert store.runs().items == ()  # a dry run stores nothing
    run = send(client, file).json()
    assert run["provenance"]["format"] == holds
    assert [layer["name"] for layer in run["provenance"]["layers"]] == list(layers)
    assert stored(store, run["id"], "kept") == [some for some, _ in layers.values()]
    assert stored(store, run["id"], "total") == [of for _, of in layers.values()]


@pytest.mark.parametrize(
    ("name", "tensor", "role", "words"),
    [
        ("attn_mask_buffer", "blocks.1.attn_mask", "buffer", "it is not pruned"),
        ("scales", "fc2.weight_scale", "scale", "not weights"),
        ("uint32_bystander", "n", "other", "one dimension"),
        ("many_layers", "layer0.0.bn.weight_mask", "norm", "not prunable"),
        ("parametrize", "fc1.bias", "bias", "not prunable"),
    ],
)
def test_what_is_left_out_is_said(client: httpx.Client, name: str, tensor: str, role: str, words: str) -> None:
    found = preview(client, f"{name}.safetensors")
    line = next(line for line in found["tensors"] if line["name"] == tensor)
    assert (line["role"], line["layer"], line["taken"], line["kept"]) == (role, "", False, None)
    assert words in line["why"]


def test_kernels_of_flax_are_turned_round_and_it_is_said(client: httpx.Client, store: Store) -> None:
    found = preview(client, "flax_dot.safetensors")
    assert [layer["shape"] for layer in found["layers"]] == [[8, 16], [6, 8], [4, 6]]
    assert all("transposed" in line["why"] for line in found["tensors"])
    flax, torch = (send(client, f"{name}.safetensors").json()["id"] for name in ("flax_dot", "parametrize"))
    for column in ("kept", "dead_inputs", "dead_units"):
        assert stored(store, flax, column) == stored(store, torch, column)


def test_an_inverted_mask_is_asked_about_and_never_accepted_silently(client: httpx.Client, store: Store) -> None:
    name = "inverted_mask.safetensors"
    assert "Choose whether 1 means kept or pruned." in preview(client, name)["question"]
    refused = send(client, name)
    assert (refused.status_code, refused.json()["errors"][0]["path"]) == (422, "one_means")
    assert store.runs().items == ()
    answered = preview(client, name, one_means="pruned")
    assert (answered["question"], kept(answered)) == ("", THREE)
    run = send(client, name, one_means="pruned").json()
    assert stored(store, run["id"], "kept") == [55, 21, 11]
    roles = json.dumps({f"fc{i}.weight_mask": "inverted mask" for i in (1, 2, 3)})
    assert kept(preview(client, name, roles=roles)) == THREE


def test_a_reader_may_leave_tensors_out_and_give_them_roles(client: httpx.Client, store: Store) -> None:
    roles = json.dumps({"fc3.weight": "left out", "fc3.__weight_mma_mask": "left out"})
    run = send(client, "apex_asp.safetensors", roles=roles).json()
    assert stored(store, run["id"], "kept") == [55, 21]
    found = preview(client, "apex_asp.safetensors", roles=roles)
    assert [line["why"] for line in found["tensors"] if not line["taken"]] == ["left out by choice"] * 2
    for roles, words in (("[]", "roles"), ('{"x": "y"}', "one of"), ("{", "JSON")):
        refused = send(client, "apex_asp.safetensors", roles=roles)
        assert (refused.status_code, refused.json()["errors"][0]["path"]) == (422, "roles")
        assert words in refused.text


@pytest.mark.parametrize("index", [True, False])
def test_shards_are_one_network(client: httpx.Client, store: Store, index: bool) -> None:
    shards = [f"model-0000{i}-of-00002.safetensors" for i in (2, 1)]
    run = send(client, *shards, *(["model.safetensors.index.json"] if index else [])).json()
    assert (run["spec"]["levels"], run["spec"]["layers"], run["progress"]["total"]) == (0, 3, 1)
    assert stored(store, run["id"], "kept") == [55, 21, 11]
    missing = send(client, shards[0], *(["model.safetensors.index.json"] if index else []))
    assert missing.status_code == 422
    assert ("not among the files" if index else "one of 2 shards") in missing.json()["detail"]


def test_depthwise_and_transposed_convolutions_die_on_the_right_side(client: httpx.Client, store: Store) -> None:
    run = send(client, "depthwise_transposed.safetensors").json()
    assert stored(store, run["id"], "dead_inputs") == [1, 0]
    assert stored(store, run["id"], "dead_units") == [1, 1]
    page = client.get(f"/runs/{run['id']}", params={"tab": "masks"})
    assert page.status_code == 200
    for unit in range(8):
        answer = client.get(f"/api/v1/runs/{run['id']}/masks/dw/units/{unit}")
        assert answer.json()["in_degree"] == 9 * (unit != 2), answer.text


def test_levels_by_folder_are_in_number_order_and_keep_their_folder(client: httpx.Client, store: Store) -> None:
    names = sorted(str(path.relative_to(CASES)) for path in CASES.glob("one_folder_per_level/*/main/*.safetensors"))
    assert names[2].startswith("one_folder_per_level/level_10/")
    found = preview(client, *names)
    ordered = [f"one_folder_per_level/level_{i}/main/mask.safetensors" for i in range(12)]
    assert [network["files"] for network in found["networks"]] == [[name] for name in ordered]
    assert [network["kept"] for network in found["networks"]] == [200, 167, 131, 96, 80, 55, 41, 30, 23, 16, 10, 6]
    # The sparsest two have weights in every layer, but no path from input to output.
    cut = "in fc3; no path of kept weights leads through it. The network is cut at fc3"
    assert [warning.partition(":")[0] for warning in found["warnings"]] == [f"Layer collapse at level 10 {cut}"]
    run = send(client, *names).json()
    of_run = collapses(Reader(store), store.run(run["id"]))
    assert {item["level"]: item["collapse"] for item in found["networks"] if item["collapse"]} == {
        level: brief(each) for (_, level), each in of_run.items()
    }
    assert run["spec"]["files"] == ordered
    assert sum(stored(store, run["id"], "flipped")) == 200 - 6


def test_levels_that_are_not_nested_are_warned_about(client: httpx.Client) -> None:
    names = [f"one_folder_per_level/level_{i}/main/mask.safetensors" for i in (0, 2, 1)]
    found = preview(client, *names, places="[[0, 0], [0, 1], [0, 2]]")
    (warning,) = found["warnings"]
    assert "level 2 (one_folder_per_level/level_1/main/mask.safetensors) is not nested in level 1" in warning
    assert "36 pruned weights are kept again" in warning


def test_files_may_be_replicates_as_well_as_levels(client: httpx.Client, store: Store) -> None:
    names = [f"one_folder_per_level/level_{i}/main/mask.safetensors" for i in range(4)]
    run = send(client, *names, places="[[0, 0], [1, 0], [0, 1], [1, 1]]").json()
    assert (run["spec"]["replicates"], run["spec"]["levels"], run["progress"]["total"]) == (2, 1, 4)
    rows = store.series(run["id"], "layers")
    found = list(zip(rows["replicate"], rows["level"], rows["kept"], strict=True))
    assert [row for row in found if row[2] in (128, 109, 82, 58)] == [(0, 0, 128), (0, 1, 82), (1, 0, 109), (1, 1, 58)]
    for tab in ("", "masks", "overlap", "spec"):
        assert client.get(f"/runs/{run['id']}", params={"tab": tab}).status_code == 200, tab
    assert client.get(f"/api/v1/runs/{run['id']}/tickets/1/1").status_code == 200


@pytest.mark.parametrize("places", ["[[0, 0]]", "[[0, 1], [0, 2]]", "[[1, 0], [1, 1]]", "[[0, 0], [0, -1]]", "1"])
def test_places_with_gaps_are_refused(client: httpx.Client, places: str) -> None:
    names = [f"one_folder_per_level/level_{i}/main/mask.safetensors" for i in range(2)]
    answer = send(client, *names, places=places)
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, "places"), answer.text


@pytest.mark.parametrize(
    ("name", "layers"),
    [("many_layers", 61), ("long_name", 2), ("odd_names", 14), ("names_numbered", 2), ("names_words", 2)],
)
def test_names_survive_and_every_view_is_there(client: httpx.Client, name: str, layers: int) -> None:
    run = send(client, f"{name}.safetensors").json()
    assert len(run["provenance"]["layers"]) == layers
    for tab in ("", "masks", "spec"):
        assert client.get(f"/runs/{run['id']}", params={"tab": tab}).status_code == 200, tab
    assert client.get(f"/api/v1/runs/{run['id']}/figures/layer_density").status_code == 200
    assert client.get(f"/api/v1/runs/{run['id']}/tickets/0/0").status_code == 200


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("</etc/hostname", "-x.safetensors"),
        ("@/etc/hostname", "a;type=b.safetensors"),
        ("--url=http://x", 'a"b,c.safetensors'),
        ("a'; touch x; '", "$(touch y)/l.safetensors"),
        ('=1+1"$(id)`id`', "level_1/main/mask.safetensors"),
    ],
)
def test_commands_thatimport_again_do_that_and_nothing_else(
    web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, file: str
) -> None:
    if shutil.which("curl") is None:
        pytest.skip("no curl here")
    monkeypatch.setenv("no_proxy", "*")
    content = (CASES / "openlth_int32.safetensors").read_bytes()
    spec = ImportedSpec(kind="imported", files=(file,), layers=3, levels=0)
    cli, curl = import_again(spec, name, web.url)
    here = tmp_path / "here"
    (here / file).parent.mkdir(parents=True)
    (here / file).write_bytes(content)
    files = set(here.rglob("*"))
    done = subprocess.run(["bash", "-c", f"{curl} -s"], cwd=here, capture_output=True, text=True, check=True)
    run = json.loads(done.stdout)
    assert (run["name"], run["spec"]["files"]) == (name, [file.replace('"', "%22")])  # as curl and browsers write it
    assert set(here.rglob("*")) == files
    words = shlex.split(cli)
    assert words == ["ticketscope", "import", f"--name={name}", "--", f"./{file}"]


def test_nothing_is_counted_before_it_is_known_what_1_means(client: httpx.Client) -> None:
    found = preview(client, "inverted_mask.safetensors")
    assert found["question"]
    assert [network["kept"] for network in found["networks"]] == [None]
    assert {line["kept"] for line in found["tensors"]} == {None}
    decided = preview(client, "inverted_mask.safetensors", one_means="pruned")
    assert [network["kept"] for network in decided["networks"]] == [87]


def test_importing_again_repeats_what_was_decided(web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which("curl") is None:
        pytest.skip("no curl here")
    monkeypatch.setenv("no_proxy", "*")
    file = "inverted_mask.safetensors"
    roles = json.dumps({"fc3.weight_mask": "left out", "fc3.weight": "left out"})
    decided = {"one_means": "pruned", "roles": roles, "accuracies": "level,test_accuracy\n0,0.95\n"}
    first = send(web.client, file, **decided).json()  # type: ignore[arg-type]
    assert first["spec"]["one_means"] == "pruned", first
    cli, curl = import_again(ImportedSpec.model_validate(first["spec"]), "again", web.url)
    (tmp_path / file).write_bytes((CASES / file).read_bytes())
    done = subprocess.run(["bash", "-c", f"{curl} -s"], cwd=tmp_path, capture_output=True, text=True, check=True)
    again = json.loads(done.stdout)
    assert again["spec"] == first["spec"]
    assert again["provenance"] == first["provenance"]
    table, command = cli.rsplit("\n", 1)
    subprocess.run(["bash", "-c", table], cwd=tmp_path, check=True)
    assert (tmp_path / "accuracies.csv").read_text() == "replicate,level,test_accuracy\n0,0,0.95\n"
    assert "--one-means=pruned" in command
    assert "--accuracies=accuracies.csv" in command
    assert "--role=fc3.weight_mask=left out" in shlex.split(command)
