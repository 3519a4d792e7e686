"""Imported masks of several runs compared: overlap and curves against numbers computed here, and chosen pairings."""

from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load_file, save
from scipy import stats

from tests.app.reading import unmarked
from tests.app.web.sound import HTML

CASES = Path(__file__).parents[5] / "shared" / "cases" / "imports"
FIGURES = "/api/v1/compare/figures/compared_"
SHAPES = {"fc1.weight": (12, 20), "fc2.weight": (6, 12), "fc3.weight": (3, 6)}
Masks = dict[str, NDArray[np.bool_]]


def planted(seed: int, density: float, shapes: dict[str, tuple[int, int]] = SHAPES) -> Masks:
    draw = np.random.default_rng(seed)
    return {name: draw.random(shape) < density for name, shape in shapes.items()}


def imported(client: httpx.Client, name: str, *levels: Masks, accuracies: str = "") -> str:
    """Import one network whose weights are 0 where they are pruned, a file for each level; returns its id."""
    draw = np.random.default_rng(99)
    files = [
        (
            "files",
            (
                f"level_{place}.safetensors",
                save({key: (draw.normal(size=mask.shape) * mask).astype(np.float32) for key, mask in masks.items()}),
            ),
        )
        for place, masks in enumerate(levels)
    ]
    answer = client.post("/api/v1/imports", files=files, data={"name": name, "accuracies": accuracies})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def rows(client: httpx.Client, figure: str, **query: str) -> list[dict[str, str]]:
    answer = client.get(f"{FIGURES}{figure}", params={**query, "format": "csv"})
    assert answer.status_code == 200, answer.text
    head, *lines = [line.split(",") for line in answer.text.splitlines()]
    return [dict(zip(head, line, strict=True)) for line in lines]


def expected(one: Masks, other: Masks) -> float:
    """The mean of the hypergeometric distribution, which scipy has: kept weights that random masks would share."""
    return float(sum(stats.hypergeom(one[key].size, one[key].sum(), other[key].sum()).mean() for key in one))


def test_overlap_of_imported_masks_is_that_of_the_files(client: httpx.Client) -> None:
    masks = [planted(seed, density) for seed, density in ((1, 0.5), (2, 0.5), (3, 0.2))]
    ids = [imported(client, f"file {place}", each) for place, each in enumerate(masks)]
    found = {(row["a"], row["b"]): row for row in rows(client, "overlap", runs=",".join(ids))}
    assert len(found) == 6
    for i in range(3):
        for j in range(i):
            a, b = (f"{ids[place]}:0:0" for place in (i, j))
            row = found.get((a, b)) or found[b, a]
            both = sum(int((masks[i][key] & masks[j][key]).sum()) for key in SHAPES)
            either = sum(int((masks[i][key] | masks[j][key]).sum()) for key in SHAPES)
            chance = expected(masks[i], masks[j])
            least = min(sum(int(each.sum()) for each in masks[place].values()) for place in (i, j))
            assert int(row["intersection"]) == both
            assert float(row["iou"]) == pytest.approx(both / either)
            assert float(row["expected"]) == pytest.approx(chance)
            assert float(row["adjusted"]) == pytest.approx((both - chance) / (least - chance))


@pytest.mark.parametrize("measure", ["uniform", "unit_permuted"])
def test_chance_is_that_of_the_overlap_of_one_run(client: httpx.Client, measure: str) -> None:
    """Every column of every pair, as the figure of the first run has it; after those come the means over pairs."""
    ids = [imported(client, f"file {seed}", planted(seed, 0.4), planted(seed, 0.2)) for seed in range(3)]
    several = rows(client, "overlap", runs=",".join(ids), measure=measure, pruned_to="1")
    address = f"/api/v1/runs/{ids[0]}/figures/overlap_matrix"
    query = {"others": ",".join(ids[1:]), "measure": measure, "level": "1", "format": "csv"}
    one = client.get(address, params=query).text.splitlines()
    columns = one[0].split(",")
    assert list(several[0])[: len(columns)] == columns
    assert [",".join(row[name] for name in columns) for row in several] == one[1:]


def test_curves_of_imported_masks_are_the_accuracies_that_were_given(client: httpx.Client) -> None:
    levels = [planted(1, density) for density in (1.0, 0.5, 0.25)]
    given = {"a": (0.95, 0.9, 0.7), "b": (0.93, 0.92, 0.6)}
    ids = [
        imported(client, name, *levels, accuracies="\n".join(
            ["level,test_accuracy", *(f"{level},{accuracy}" for level, accuracy in enumerate(accuracies))]
        ))
        for name, accuracies in given.items()
    ]  # fmt: skip
    total = sum(mask.size for mask in levels[0].values())
    densities = [sum(int(mask.sum()) for mask in level.values()) / total for level in levels]
    found = rows(client, "accuracy", runs=",".join(ids))
    assert [(row["group"], float(row["accuracy"])) for row in found] == [
        (name, accuracy) for name, accuracies in given.items() for accuracy in accuracies
    ]
    assert [float(row["density"]) for row in found[:3]] == [float(f"{density:.3g}") for density in densities]
    against = rows(client, "difference", runs=",".join(ids), baseline=ids[0])
    differences = [one - other for one, other in zip(given["b"], given["a"], strict=True)]
    assert [float(row["difference"]) for row in against] == pytest.approx(differences)
    assert {row["verdict"] for row in against} == {"no interval"}


def test_masks_without_accuracies_say_that_none_was_given(client: httpx.Client) -> None:
    ids = [imported(client, name, planted(seed, 0.5)) for seed, name in enumerate("ab")]
    text = unmarked(client.get(f"/compare?runs={','.join(ids)}", headers=HTML).text)
    assert "No ticket of these runs has a test accuracy." in text
    assert "has no ticket with a test accuracy" in text
    assert "<caption>Minus" not in text
    assert "trained to its end" not in text


def test_layers_that_nothing_pairs_are_paired_by_the_reader(client: httpx.Client) -> None:
    """The same masks under other names: on the page as a form that works without a script, then equal."""
    ids = []
    for name in ("names_numbered", "names_words"):
        content = (CASES / f"{name}.safetensors").read_bytes()
        answer = client.post("/api/v1/imports", files={"files": (f"{name}.safetensors", content)}, data={"name": name})
        ids.append(str(answer.json()["id"]))
    runs = ",".join(ids)
    text = client.get(f"/compare?runs={runs}&group=kind", headers=HTML).text
    assert "Which layer of “names_words” corresponds to which of “names_numbered”?" in text
    form = text[text.index('id="pairings"') :]
    form = form[: form.index("</form>")]
    assert f'name="pair_of" value="{ids[0]}:{ids[1]}"' in form
    assert f'name="runs" value="{runs}"' in form
    assert 'name="group" value="kind"' in form
    names = [layer["name"] for layer in client.get(f"/api/v1/runs/{ids[1]}/masks").json()["layers"]]
    pair = [str(names.index(name)) for name in ("input", "hidden")]
    sent: dict[str, Any] = {"runs": runs, "pair": pair, "pair_of": f"{ids[0]}:{ids[1]}", "pairing": ""}
    confirmed = unmarked(client.get("/compare", params=sent, headers=HTML).text)
    assert "These 2 tickets keep the same weights." in confirmed
    assert "are paired as chosen" in confirmed
    pairing = f"{ids[0]}:{ids[1]}:{'-'.join(pair)}"
    (row,) = [row for row in rows(client, "overlap", runs=runs, pairing=pairing) if row["a"] != row["b"]]
    assert float(row["iou"]) == 1
    masks = [
        np.concatenate([
            each[next(key for key in each if layer in key and key.endswith("_mask"))].ravel() for layer in layers
        ])
        for each, layers in (
            (load_file(CASES / "names_numbered.safetensors"), ("fc1", "fc2")),
            (load_file(CASES / "names_words.safetensors"), ("input", "hidden")),
        )
    ]  # fmt: skip
    assert int(row["intersection"]) == int((masks[0].astype(bool) & masks[1].astype(bool)).sum())
    wrong = client.get(f"{FIGURES}overlap", params={"runs": runs, "pairing": "nonsense"})
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["path"] == "pairing"


def test_the_most_runs_of_one_network_are_compared_whichever_comes_first(client: httpx.Client) -> None:
    other = imported(client, "another network", planted(9, 0.5, {"fc1.weight": (5, 7), "fc2.weight": (2, 5)}))
    same = [imported(client, f"file {seed}", planted(seed, 0.5)) for seed in range(2)]
    figure = client.get(f"{FIGURES}overlap", params={"runs": ",".join([other, *same])}).json()
    said = "".join(part["text"] for part in figure["layout"]["meta"]["finding"])
    assert "1 pair of tickets has an IoU of" in said
    assert f"Not compared: “another network” ({other})" in said
