"""A lab of every kind on one page: each element of a comparison is there, in words, drawn, and to be saved."""

import re

import httpx
import numpy as np
import pytest
from safetensors.numpy import save

from app.atlas.reader import Reader
from app.measuring import Measuring
from app.store import Store
from tests.app.compared_runs import write_runs
from tests.app.erased_run import write_run as write_erased
from tests.app.masked_run import write_run as write_masked
from tests.app.ranked_run import write_run as write_ranked
from tests.app.reading import unmarked
from tests.app.timed_run import write_run as write_timed
from tests.app.web.sound import HTML, sound

FIGURES = "/api/v1/compare/figures/compared_"
OWN = ("accuracy", "difference", "training", "overlap", "stable_rank", "speedup", "columns", "scatter")


def imported(client: httpx.Client, seed: int) -> str:
    draw = np.random.default_rng(seed)
    weights = {"fc1.weight": (draw.random((8, 48)) * (draw.random((8, 48)) < 0.5)).astype(np.float32)}
    sent = {"accuracies": "level,test_accuracy\n0,0.9\n"}
    answer = client.post("/api/v1/imports", files={"files": ("masks.safetensors", save(weights))}, data=sent)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


@pytest.fixture
def lab(client: httpx.Client, store: Store) -> list[str]:
    """Lottery runs of three optimizers, two with masks, two erasures, stable ranks, machines and imports."""
    ids = [
        *(run.id for run in write_runs(store, 3, replicates=2, levels=2, points=5)),
        *(write_masked(store, {"fc1": (8, 48)}, seed=seed).id for seed in range(2)),
        *(run.id for _ in range(2) for run in write_erased(store, {"adam": (0.01,)})),
        *(write_ranked(store, seed=seed).id for seed in range(2)),
        *(write_timed(store, name=name, device=f"CPU {name}", gain=gain).id for name, gain in (("A", 1.0), ("B", 2.0))),
        *(imported(client, seed) for seed in range(2)),
    ]
    Measuring(store, Reader(store)).measure()
    return ids


def test_every_element_of_a_comparison_is_there(client: httpx.Client, lab: list[str]) -> None:
    answer = client.get("/compare", params={"runs": ",".join(lab)}, headers=HTML)
    sound(answer.text)
    text = unmarked(answer.text).replace("\u00a0", " ")
    assert f"<h1>{len(lab)} runs compared</h1>" in text
    for name in OWN:
        assert f'id="figure-compared_{name}"' in text, name
    # Curves: not smoothed unless asked for, by step or by the clock.
    assert re.search(r'name="smoothing" min="0" max="99" step="1" value="0"', text)
    assert re.search(r'name="by" value="wall-clock"(?! checked)', text)
    # Differences: a baseline to choose, with n, and how replicates are paired.
    assert '<select name="baseline">' in text
    assert "pairs by seed" in text
    # The fields that differ, verdicts, and the machines of hardware.
    assert '<th scope="col">optimizer</th>' in text
    assert '<th scope="col">Verdict</th>' in text
    assert all(f"CPU {name}" in text for name in "AB")
    assert 'id="films-at"' in text
    assert "These runs are of 5 kinds." in text


def test_every_figure_of_a_lab_has_what_is_saved(client: httpx.Client, lab: list[str]) -> None:
    """Pictures are drawn by the browser from this JSON; numbers come as CSV, to which every card has a link."""
    text = client.get("/compare", params={"runs": ",".join(lab)}, headers=HTML).text
    for name in OWN:
        figure = client.get(f"{FIGURES}{name}", params={"runs": ",".join(lab)}).json()
        assert figure["data"], name
        links = re.findall(rf'href="({FIGURES}{name}\?[^"]*format=csv[^"]*)"', text)
        assert links, name
        assert all(len(client.get(link.replace("&amp;", "&")).text.splitlines()) > 1 for link in links), name


def test_machines_of_stored_runs_are_those_of_their_rows(client: httpx.Client, lab: list[str]) -> None:
    """Speed-up of CSR at density d is 0.7 + 0.1 (1 + 0.1 r) / d in replicate r on A, and twice that on B."""
    lines = client.get(f"{FIGURES}speedup", params={"runs": ",".join(lab), "format": "csv"}).text.splitlines()
    found = [line.split(",") for line in lines[1:]]
    assert {(line, device): [] for line, device, *_ in found} == {("A", "CPU A"): [], ("B", "CPU B"): []}
    for line, _, _, _, _, density, replicate, speedup in found:
        gain = {"A": 1, "B": 2}[line]
        assert float(speedup) == pytest.approx(gain * (0.7 + 0.1 * (1 + 0.1 * int(replicate)) / float(density)))


def test_any_field_and_measure_groups_the_runs_of_a_lab(client: httpx.Client, lab: list[str]) -> None:
    for field in ("optimizer", "kind", "seed", "loss", "accuracy@50%", "best_accuracy"):
        answer = client.get("/compare", params={"runs": ",".join(lab), "group": field}, headers=HTML)
        assert answer.status_code == 200, field
        assert '<th scope="col">Line</th>' in answer.text
