"""Accuracies that are given with imported masks."""

import json

import httpx
import pytest

from app.store import Store
from tests.app.kinds.imported.web.import_cases import CASES, send

pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="the files of cases lie beside the project")


def test_accuracies_given_beside_the_files_are_a_curve(client: httpx.Client, store: Store) -> None:
    names = [f"one_folder_per_level/level_{i}/main/mask.safetensors" for i in range(3)]
    table = "level,test_accuracy\n0,0.95\n1,0.94\n2,0.9\n"
    run = send(client, *names, accuracies=table).json()
    rows = store.series(run["id"], "outcome")
    found = list(zip(rows["level"], rows["density"], rows["test_accuracy"], strict=True))
    assert found == [(0, 1, 0.95), (1, 167 / 200, 0.94), (2, 131 / 200, 0.9)]
    figure = client.get(f"/api/v1/runs/{run['id']}/figures/accuracy_vs_density").json()
    assert "given with the imported files" in json.dumps(figure)
    assert "accuracy_vs_density" in client.get(f"/runs/{run['id']}").text
    for tab in ("", "curves", "training", "masks", "spec"):
        assert client.get(f"/runs/{run['id']}", params={"tab": tab}).status_code == 200, tab
    plain = send(client, *names).json()
    assert "accuracy_vs_density" not in client.get(f"/runs/{plain['id']}").text


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("level\n0\n", "needs the header"),
        ("level,test_accuracy\n0,97.8\n", "line 2: 97.8 is not an accuracy"),
        ("level,test_accuracy\n0,nan\n", "line 2"),
        ("level,test_accuracy\n3,0.9\n", "line 2: there is no level 3"),
        ("level,test_accuracy\n0,0.9\n0,0.8\n", "line 3: level 0 of replicate 0 is given twice"),
        ("level,test_accuracy\nx,0.9\n", "line 2: needs whole numbers"),
    ],
)
def test_accuracies_that_do_not_fit_are_refused_with_their_line(client: httpx.Client, table: str, words: str) -> None:
    for dry in (True, False):
        answer = send(client, "flax_dot.safetensors", accuracies=table, dry=dry)
        assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, "accuracies")
        assert words in answer.text
