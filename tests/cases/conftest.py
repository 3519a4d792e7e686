"""Real runs in every state that a reader may find one in: made once, by a real worker, and served by a real web."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.kinds.presets import PRESETS
from tests.lab import Lab, until

SHARED = Path(__file__).parents[3] / "shared" / "cases"
IMPORTS: Mapping[str, tuple[str, ...]] = {
    "imported": ("level_0", "level_1_collapsed", "level_2_nothing"),
    "many layers": ("many_layers",),
    "imported replicates": ("one_folder_per_level/level_1/main/mask", "one_folder_per_level/level_2/main/mask"),
}
PLACES: Mapping[str, str] = {"imported replicates": "[[0, 0], [1, 0]]"}
SMALL = {"steps": 60, "eval_every": 20, "levels": 2, "replicates": 1, "branches": []}
CONTROLS = [{"kind": "reinit", "draws": 2}, {"kind": "shuffled"}]


def lottery(**changed: Any) -> dict[str, Any]:
    """The demo at a fraction of its size."""
    return {**PRESETS["digits-tickets"].spec.model_dump(mode="json"), **SMALL, **changed}


def specs() -> dict[str, dict[str, Any]]:
    """What is trained, by the state or shape that it stands for."""
    erasure = {"widths": [32], "steps": 40, "replicates": 2, "batch_size": 64}
    grids = [{"kind": "sgd", "lrs": [0.5, 100]}, {"kind": "adam", "lrs": [0.01]}]
    base = PRESETS["erasure-digits"].spec.model_dump(mode="json")
    ranks = {"kind": "stable_rank", "dataset": {"kind": "digits"}, "widths": [16, 64], "batch_sizes": [64]}
    return {
        "collapse": json.loads((SHARED / "collapse.json").read_text()),
        "diverge": json.loads((SHARED / "diverge.json").read_text()),
        "one replicate": lottery(),
        "replicates": lottery(replicates=3, levels=3, branches=CONTROLS),
        "erasure": {**base, **erasure, "optimizers": grids},
        "stable rank": {**ranks, "replicates": 2},
    }


@dataclass
class Cases:
    """A client of the web, and the id of each run by what it stands for."""

    client: httpx.Client
    ids: dict[str, str]

    def figure(self, case: str, name: str, **options: Any) -> dict[str, Any]:
        answer = self.client.get(f"/api/v1/runs/{self.ids[case]}/figures/{name}", params=options)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def finding(self, case: str, name: str, **options: Any) -> str:
        meta = self.figure(case, name, **options)["layout"]["meta"]
        return "".join(part["text"] for part in meta["finding"]).replace("\u00a0", " ")

    def page(self, case: str, **query: Any) -> str:
        answer = self.client.get(f"/runs/{self.ids[case]}", params=query, headers={"Accept": "text/html"})
        assert answer.status_code == 200
        return answer.text


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    own = str(Path(__file__).parent)
    for item in items:
        if str(item.path).startswith(own):
            # The first of them waits for all runs to be made.
            item.add_marker(pytest.mark.timeout(600))


_open: list[Lab] = []


def pytest_runtest_teardown(nextitem: pytest.Item | None) -> None:
    """Close the lab after the last case: one of its runs would train on for as long as this process lives."""
    if nextitem is None or Path(__file__).parent not in nextitem.path.parents:
        _close()


def _close() -> None:
    while _open:
        _open.pop().close()


@pytest.fixture(scope="session")
def cases(tmp_path_factory: pytest.TempPathFactory, datasets_dir: Path) -> Iterator[Cases]:
    lab = Lab(tmp_path_factory.mktemp("cases"), datasets_dir)
    _open.append(lab)
    try:
        lab.start_broker()
        lab.start_web()
        lab.start_worker()
        with httpx.Client(base_url=f"http://127.0.0.1:{lab.web_port}", timeout=60, trust_env=False) as client:
            yield _made(lab, client)
    finally:
        _close()


def _made(lab: Lab, client: httpx.Client) -> Cases:
    ids = {case: _submit(client, spec) for case, spec in specs().items()}
    for case, files in IMPORTS.items():
        parts = [("files", (f"{name}.safetensors", (SHARED / "imports" / f"{name}.safetensors").read_bytes()))
                 for name in files]  # fmt: skip
        answer = client.post("/api/v1/imports", files=parts, data={"places": PLACES.get(case, "")})
        assert answer.status_code == 201, answer.text
        ids[case] = answer.json()["id"]
    timed = {"kind": "hardware", "densities": [0.5, 0.1], "replicates": 2, "repeats": 7}
    runs = lab.ends(list(ids.values()), 240)
    assert {run.id: run.error for run in runs if run.state != "finished"} == {}
    ids["hardware"] = _submit(client, {**timed, "layers": [[64, 32]], "ticket": f"{ids['one replicate']}:0:2"})
    ids["hardware of a collapsed ticket"] = _submit(client, {**timed, "layers": [], "ticket": f"{ids['collapse']}:0:1"})
    lab.ends(list(ids.values()), 120)
    long = lottery(steps=20_000, eval_every=200, replicates=2, branches=CONTROLS)
    ids["cancelled"] = _submit(client, {**long, "steps": 400, "levels": 30})
    until(lambda: len(lab.store.series(ids["cancelled"], "outcome")) > 4, 60)
    assert client.post(f"/api/v1/runs/{ids['cancelled']}/cancel").status_code == 200
    lab.ends([ids["cancelled"]])
    # Half done for as long as tests look at it.
    ids["running"] = _submit(client, long)
    until(lambda: len(lab.store.series(ids["running"], "evaluation")) > 3, 60)
    for child in lab.children():
        child.suspend()
    return Cases(client, ids)


def _submit(client: httpx.Client, spec: Mapping[str, Any]) -> str:
    answer = client.post("/api/v1/runs", json={"spec": spec})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])
